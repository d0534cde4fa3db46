// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ARCHIVE = "https://deb.debian.org/debian";

/** A kernel of Debian's, unpacked and not installed. */
export interface Kernel {
  readonly release: string;
  readonly image: string;
  /** The folder of its modules. */
  readonly modules: string;
}

/** The newest kernel for amd64 of one of Debian's suites; fetched if it is not in `cache` yet. */
export async function kernelOf(suite: string, cache: string): Promise<Kernel> {
  const index = await fetched(`${ARCHIVE}/dists/${suite}/main/binary-amd64/Packages.xz`);
  const { status, stdout } = spawnSync("xz", ["-dc"], { input: index, maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`the index of ${suite} cannot be unpacked`);
  const newest = `${stdout}`
    .split("\n\n")
    .map((text) => new Map(text.split("\n").map((line) => line.split(": ") as [string, string])))
    .filter((each) => /^linux-image-[0-9][^-]*(-[0-9]+)?-amd64$/.test(each.get("Package") ?? ""))
    .sort((a, b) => compare(a.get("Version") ?? "", b.get("Version") ?? ""))
    .at(-1);
  const [path, sum] = [newest?.get("Filename"), newest?.get("SHA256")];
  if (path === undefined || sum === undefined) throw new Error(`${suite} has no kernel for amd64`);
  const folder = join(cache, sum.slice(0, 16));
  if (!existsSync(join(folder, "complete"))) {
    const bytes = await fetched(`${ARCHIVE}/${path}`);
    if (createHash("sha256").update(bytes).digest("hex") !== sum) throw new Error(`${path} is not what the index says`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "kernel.deb"), bytes);
    execFileSync("dpkg-deb", ["-x", join(folder, "kernel.deb"), folder]);
    writeFileSync(join(folder, "complete"), "");
  }
  const image = readdirSync(join(folder, "boot")).find((name) => name.startsWith("vmlinuz-")) ?? "";
  const release = image.slice("vmlinuz-".length);
  const modules = ["lib", "usr/lib"].map((each) => join(folder, each, "modules", release)).find(existsSync);
  if (modules === undefined) throw new Error(`${path} has no modules`);
  return { release, image: join(folder, "boot", image), modules };
}

/** A module's bytes, by its name; null where the kernel has none, or has it built in. */
export function moduleOf({ modules }: Kernel, name: string): Buffer | null {
  const files = readdirSync(modules, { recursive: true, encoding: "utf8" });
  const file = files.find((each) => each.endsWith(`/${name}.ko`) || each.endsWith(`/${name}.ko.xz`));
  if (file === undefined) return null;
  const bytes = readFileSync(join(modules, file));
  return file.endsWith(".xz") ? spawnSync("xz", ["-dc"], { input: bytes, maxBuffer: 1 << 28 }).stdout : bytes;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

async function fetched(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return Buffer.from(await response.arrayBuffer());
}
