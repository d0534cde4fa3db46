// SPDX-License-Identifier: Apache-2.0

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statfsSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { analyse, type Seed } from "./seed.js";
import { type Growth, grownBytes, type Progress, repetitionsFor, writeGrown } from "./write.js";

/** To be raised when the same seed and growth give other bytes. */
const VERSION = 1;
/** A seed is held in memory. */
const LARGEST_SEED = 1 << 30;

export interface Grown {
  readonly path: string;
  readonly events: number;
  readonly repetitions: number;
  readonly growth: Growth;
  /** sha256 of the seed file. */
  readonly seedHash: string;
  readonly seedEvents: number;
  readonly listedThreadEvents: number;
}

/** A capture that others are made from. */
export class SeedFile {
  private seed: Seed | null = null;
  private digest: string | null = null;

  constructor(readonly path: string) {}

  /** sha256 of the file. @throws PeregrineError BENCH_SEED where it cannot be read */
  get hash(): string {
    this.digest ??= createHash("sha256").update(this.read()).digest("hex");
    return this.digest;
  }

  private read(): Buffer {
    try {
      return readFileSync(this.path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new PeregrineError("BENCH_SEED", `The capture cannot be read: ${reason}`, { file: this.path });
    }
  }

  /** The capture's first section with everything that a repetition changes. @throws PeregrineError BENCH_SEED */
  get contents(): Seed {
    if (this.seed === null) {
      const file = this.read();
      let bytes = file;
      if (file[0] === 0x1f && file[1] === 0x8b) {
        try {
          bytes = gunzipSync(file, { maxOutputLength: LARGEST_SEED });
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new PeregrineError("BENCH_SEED", `The capture cannot be inflated: ${reason}`, { file: this.path });
        }
      }
      this.seed = analyse(bytes);
    }
    return this.seed;
  }

  /**
   * The grown capture in `folder`, made if it is not there yet.
   * @throws PeregrineError BENCH_SEED, BENCH_SPACE
   */
  async grow(folder: string, growth: Growth, progress: Progress): Promise<Grown> {
    mkdirSync(folder, { recursive: true });
    const seed = this.contents;
    const repetitions = repetitionsFor(seed, growth.events);
    const kind = growth.shifted ? "shifted" : "unshifted";
    const stem = basename(this.path).replace(/\.(scap|gz)$/g, "");
    const key = `${stem}-${this.hash.slice(0, 12)}-v${VERSION}-${repetitions}x-${kind}`;
    const path = join(folder, `${key}.scap${growth.gzip ? ".gz" : ""}`);
    if (!existsSync(path)) {
      checkSpace(folder, grownBytes(seed, growth) * (growth.gzip ? 0.35 : 1));
      await writeGrown(seed, growth, path, progress);
    }
    return {
      path,
      events: repetitions * seed.section.events,
      repetitions,
      growth,
      seedHash: this.hash,
      seedEvents: seed.section.events,
      listedThreadEvents: seed.listedThreadEvents,
    };
  }
}

/** @throws PeregrineError BENCH_SPACE */
function checkSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const needed = bytes * 1.02 + (64 << 20);
  if (free >= needed) return;
  const mib = (n: number): string => `${Math.ceil(n / (1 << 20)).toLocaleString("en")} MiB`;
  throw new PeregrineError("BENCH_SPACE", `The large capture needs ${mib(needed)}, and ${mib(free)} are free.`, {
    file: folder,
  });
}
