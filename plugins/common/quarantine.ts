// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PluginContext } from "peregrine/sdk";

/** Messages about records of one input, after which only the counter speaks. */
const LOGGED = 20;

/**
 * Where input goes that cannot be read: a file for each piece, and a line in index.jsonl that says where it came from and why. The
 * name of a file is made of its bytes, so the same piece is kept once however often it comes. Without a folder it is counted
 * and named in the log alone.
 */
export class Quarantine {
  #logged = new Map<string, number>();

  constructor(
    readonly folder: string | null,
    readonly context: PluginContext,
  ) {
    if (folder !== null) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Keeps `bytes`, which came from `from`. @returns whether they are kept */
  keep(kind: "record" | "file" | "message", bytes: Uint8Array | string | null, from: string, reason: string): boolean {
    this.context.metric(`${kind}s_quarantined`, "counter").add(1);
    this.#log(kind, from, reason);
    if (this.folder === null) return false;
    const line: Record<string, unknown> = { time: new Date().toISOString(), kind, from, reason };
    if (bytes !== null) {
      const name = `${kind}-${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}`;
      line["file"] = name;
      line["bytes"] = bytes.length;
      const path = join(this.folder, name);
      writeFileSync(`${path}.part`, bytes, { mode: 0o600 });
      renameSync(`${path}.part`, path);
    }
    appendFileSync(join(this.folder, "index.jsonl"), `${JSON.stringify(line)}\n`, { mode: 0o600 });
    return true;
  }

  #log(kind: string, from: string, reason: string): void {
    const key = kind === "record" ? from : kind;
    if (kind !== "record") {
      this.context.log("error", `${kind} set aside: ${from}: ${reason}`);
      return;
    }
    const n = (this.#logged.get(key) ?? 0) + 1;
    // Only the input that is being read matters; those before are forgotten.
    if (!this.#logged.has(key) && this.#logged.size >= 64) this.#logged = new Map();
    this.#logged.set(key, n);
    if (n <= LOGGED) this.context.log("error", `record set aside: ${from}: ${reason}`);
    if (n === LOGGED) this.context.log("error", `more records of ${from} are set aside without a message`);
  }
}
