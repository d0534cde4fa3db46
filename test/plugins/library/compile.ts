// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { packageRoot } from "../../support/shared.js";

/** The header that plugins in C are given. */
const ABI = join(packageRoot, "templates", "library-c");
const SOURCES = join(packageRoot, "test", "plugins", "library", "sources");

/** Builds a shared library of the test's source file, once for each set of defines, and gives its path. */
export function compileLibrary(file: string, defines: Readonly<Record<string, string>> = {}): string {
  const source = join(SOURCES, file);
  const hash = createHash("sha256")
    .update(readFileSync(source))
    .update(readFileSync(join(ABI, "abi.h")));
  hash.update(JSON.stringify(defines));
  const folder = join(tmpdir(), `peregrine-libraries-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${basename(file).replace(/\.\w+$/, "")}-${hash.digest("hex").slice(0, 16)}.so`);
  if (existsSync(path)) return path;
  const own = join(mkdtempSync(join(folder, "build-")), "library.so");
  const flags = Object.entries(defines).map(([name, value]) => (value === "" ? `-D${name}` : `-D${name}=${value}`));
  const standard = file.endsWith(".cc") ? ["g++", "-std=c++20"] : ["gcc", "-std=gnu11"];
  const [compiler = "gcc", dialect = ""] = standard;
  execFileSync(compiler, [
    dialect,
    "-Wall",
    "-Wextra",
    "-O1",
    "-shared",
    "-fPIC",
    "-I",
    ABI,
    ...flags,
    "-o",
    own,
    source,
    "-lpthread",
  ]);
  renameSync(own, path);
  return path;
}
