// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../support/shared.js";
import { seeds } from "./seeds.js";

const USAGE = `Usage: npm run soak:fuzz -- [--seconds N]

Fuzzes the native reader and writer of captures with libFuzzer, under AddressSanitizer and UndefinedBehaviorSanitizer, for
an hour (--seconds N). What it finds is written to .out/fuzz/crash-*, and the exit status is 1. It needs clang (14 or
later, with its runtime libraries) and zlib; without them it says so in one line and does nothing.
`;

const COMPILERS = ["clang++", ...[21, 20, 19, 18, 17, 16, 15, 14].map((version) => `clang++-${version}`)];
/** Sources that are Node's side of the addon. */
const NODE_SIDE = /#include <napi\.h>|#include "(js|addon_data)\.h"/;

const folder = join(packageRoot, ".out", "fuzz");
const native = join(packageRoot, "native");

function say(line: string): void {
  process.stderr.write(`fuzz: ${line}\n`);
}

/** Sources that watch this machine: they read the kernel's memory, not files, and need the programs that run there. */
const LIVE = /\/(live|proc)_[a-z_]+\.cc$/;

/** C++ sources of a folder that do without Node. */
function sourcesOf(path: string): string[] {
  return readdirSync(path)
    .filter((name) => name.endsWith(".cc"))
    .map((name) => join(path, name))
    .filter((file) => !LIVE.test(file))
    .filter((file) => !NODE_SIDE.test(readFileSync(file, "utf8")) && !includesNode(file));
}

/** Whether a source is the other half of a header that includes Node's. */
function includesNode(source: string): boolean {
  const header = source.replace(/\.cc$/, ".h");
  return existsSync(header) && NODE_SIDE.test(readFileSync(header, "utf8"));
}

/** A compiler that can link a fuzzer, or null. */
function findCompiler(): string | null {
  const probe = join(folder, "probe.cc");
  writeFileSync(
    probe,
    '#include <zlib.h>\nextern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return zlibVersion()[0] == 0; }\n',
  );
  for (const compiler of COMPILERS) {
    const { status } = spawnSync(compiler, [...FLAGS, probe, "-o", join(folder, "probe"), "-lz"], { stdio: "ignore" });
    if (status === 0) return compiler;
  }
  return null;
}

const FLAGS = [
  ...["-std=c++20", "-g", "-O1", "-fno-omit-frame-pointer", "-Wno-unknown-attributes"],
  ...["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"],
];

/** Folders whose sources go into the fuzzer. */
const FOLDERS = [native, join(native, "state"), join(native, "fuzz")];

/** Compiles what is older than its sources, and links. */
async function build(compiler: string): Promise<string> {
  const headers = Math.max(
    ...FOLDERS.flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith(".h"))
        .map((name) => statSync(join(path, name)).mtimeMs),
    ),
  );
  const objects: string[] = [];
  const stale: (readonly [file: string, object: string])[] = [];
  for (const file of FOLDERS.flatMap(sourcesOf)) {
    const object = join(folder, `${file.slice(native.length + 1).replaceAll("/", "-")}.o`);
    objects.push(object);
    const made = existsSync(object) ? statSync(object).mtimeMs : 0;
    if (made <= Math.max(headers, statSync(file).mtimeMs)) stale.push([file, object]);
  }
  const compileRest = async (): Promise<void> => {
    for (let next = stale.pop(); next !== undefined; next = stale.pop()) {
      const [file, object] = next;
      const child = spawn(compiler, [...FLAGS, "-c", file, "-o", object], { stdio: ["ignore", "inherit", "inherit"] });
      const [status] = await once(child, "close");
      if (status !== 0) throw new Error(`${compiler} cannot compile ${file}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileRest));
  const program = join(folder, "capture");
  const { status } = spawnSync(compiler, [...FLAGS, ...objects, "-o", program, "-lz"], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${compiler} cannot link the fuzzer`);
  return program;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { seconds: { type: "string", default: "3600" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seconds = Number(values.seconds);
  if (!Number.isSafeInteger(seconds) || seconds < 1) throw new TypeError("--seconds: a whole number above 0");
  mkdirSync(join(folder, "corpus"), { recursive: true });
  const compiler = findCompiler();
  if (compiler === null) {
    say("skipped: there is no clang that can build a fuzzer with zlib (Debian: clang libclang-rt-dev zlib1g-dev)");
    return 0;
  }
  const program = await build(compiler);
  for (const [i, { name, bytes }] of seeds().entries()) {
    writeFileSync(join(folder, "corpus", `seed-${name}`), Buffer.concat([bytes, Buffer.from([(i * 37) % 256])]));
  }
  const { status } = spawnSync(
    program,
    [
      ...[`-max_total_time=${seconds}`, "-max_len=16384", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"],
      ...[`-artifact_prefix=${folder}/`, join(folder, "corpus")],
    ],
    { stdio: "inherit", env: { ...process.env, ASAN_OPTIONS: "allocator_may_return_null=1:quarantine_size_mb=8" } },
  );
  if (status === 0) return 0;
  say(`it found something: see ${folder}; the last byte of a finding chooses the plan, the rest is a capture`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
