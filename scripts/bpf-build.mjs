// SPDX-License-Identifier: Apache-2.0
// npm run bpf:build: compiles the programs that watch the kernel and writes native/bpf/programs.generated.h and
// picture.generated.h, which are committed, so that installing needs no compiler for BPF. With --check: fails where a
// committed file is not of the sources that are there; where clang and bpftool are the versions that made it, it is made
// again and compared as well.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { root, say } from "./setup.mjs";

const folder = join(root, "native", "bpf");
/** Headers outside of the folder that the programs are made of. */
const SHARED = ["live_shared.h", "live_picture.h"].map((name) => join(root, "native", name));
const check = process.argv.includes("--check");

/** What is made: images of one file have the same maps and programs. */
const GROUPS = [
  {
    target: "programs.generated.h",
    prefix: "LIVE",
    images: [
      { name: "live_typed", source: "peregrine.bpf.c", defines: [] },
      { name: "live_plain", source: "peregrine.bpf.c", defines: ["-DPLAIN_TRACEPOINTS"] },
    ],
  },
  {
    target: "picture.generated.h",
    prefix: "PICTURE",
    images: [{ name: "live_picture", source: "picture.bpf.c", defines: [] }],
  },
];

function fail(message) {
  say(message);
  process.exit(1);
}

/** A hash of all that the programs are made of. */
function fingerprint() {
  const hash = createHash("sha256");
  const files = readdirSync(folder).filter(
    (name) => /\.[ch]$/.test(name) && !/^(programs|picture)\.generated\.h$/.test(name),
  );
  for (const file of [...files.map((name) => join(folder, name)), ...SHARED].sort()) {
    hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

function version(command, args) {
  const result = spawnSync(command, args, { encoding: "utf8" });
  return result.status === 0 ? `${result.stdout}`.split("\n")[0] : null;
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: folder, encoding: "latin1", maxBuffer: 1 << 28 });
  if (result.error !== undefined) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`${command} failed:\n${result.stderr}`);
  return result.stdout;
}

/** The bytes of the C string that begins behind `before`. */
function stringAfter(text, before) {
  const at = text.indexOf(before);
  if (at < 0) return null;
  const start = text.indexOf('"', at) + 1;
  const end = text.indexOf('"', start);
  const bytes = [];
  // \0 stands for a zero, and \ at the end of a line for nothing.
  for (const [, hex] of text.slice(start, end).matchAll(/\\(?:x([0-9a-f]{2})|0)/g)) {
    bytes.push(hex === undefined ? 0 : Number.parseInt(hex, 16));
  }
  return Buffer.from(bytes);
}

/** Names of the members of the struct NAME in the skeleton's struct. */
function members(skeleton, name) {
  const end = skeleton.indexOf(`} ${name};`);
  const start = skeleton.lastIndexOf("struct {", end);
  return [...skeleton.slice(start, end).matchAll(/(\w+);/g)].map(([, member]) => member);
}

function bytesText(name, bytes) {
  const packed = deflateSync(bytes, { level: 9 }).toString("base64");
  const lines = packed.match(/.{1,112}/g) ?? [];
  return `static const char ${name}[] =
${lines.map((line) => `\t"${line}"`).join("\n")};
`;
}

/** One object as a struct live_image called `name`, and the names of its maps and programs. */
function image(work, { name, source, defines }) {
  const object = join(work, `${name}.o`);
  const flags = [
    "-g",
    "-O2",
    "-target",
    "bpf",
    "-mcpu=v3",
    "-D__TARGET_ARCH_x86",
    "-Wall",
    "-Werror",
    `-fdebug-prefix-map=${folder}=.`,
    ...defines,
  ];
  run("clang", [...flags, "-c", source, "-o", object]);
  const skeleton = run("bpftool", ["gen", "skeleton", "-L", object, "name", "live"]);
  const data = stringAfter(skeleton, "opts.data = ");
  const insns = stringAfter(skeleton, "opts.insns = ");
  const rodata = stringAfter(skeleton.slice(skeleton.indexOf("skel->bss")), "skel->rodata = skel_prep_map_data(");
  if (data === null || insns === null || rodata === null) fail("bpftool wrote a skeleton of another shape");
  const maps = members(skeleton, "maps");
  const programs = members(skeleton, "progs");
  const text = `${bytesText(`${name}_data`, data)}
${bytesText(`${name}_loader`, insns)}
${bytesText(`${name}_constants`, rodata)}
static const struct live_image ${name} = {
	.data = ${name}_data,
	.loader = ${name}_loader,
	.constants = ${name}_constants,
	.data_size = ${data.length},
	.loader_size = ${insns.length},
	.constants_size = ${rodata.length},
	.maps = ${maps.length},
	.programs = ${programs.length},
	.constants_map = ${maps.indexOf("rodata")},
};
`;
  return { text, maps, programs };
}

function build({ prefix, images }, clang, bpftool) {
  const work = mkdtempSync(join(tmpdir(), "peregrine-bpf-"));
  try {
    const made = images.map((of) => image(work, of));
    const list = (names) => names.map((name) => `X(${name})`).join(" ");
    const [{ maps, programs }] = made;
    if (made.some((other) => `${other.maps}/${other.programs}` !== `${maps}/${programs}`)) {
      fail(`${prefix}: the images differ in their maps or programs`);
    }
    return `/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Generated by scripts/bpf-build.mjs from the sources in this folder. Do not edit.
 * sources ${fingerprint()}
 * clang ${clang}
 * bpftool ${bpftool}
 */
#pragma once

#include "../live_loader.h"

/* Maps and programs, in the order in which the loader returns their descriptors. */
#define ${prefix}_MAPS(X) ${list(maps)}
#define ${prefix}_LOADED(X) ${list(programs)}

${made.map(({ text }) => text).join("\n")}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The bytes without what differs from one deflate to another. */
function contents(text) {
  return text.replace(/=\n((?:\t"[^"]*"\n?)+);/g, (_, lines) => {
    const packed = [...lines.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join("");
    return createHash("sha256")
      .update(inflateSync(Buffer.from(packed, "base64")))
      .digest("hex");
  });
}

/** Fails where the committed file is not current. @returns whether it could be made again for comparison */
function checkOne(group) {
  const committed = readFileSync(join(folder, group.target), "utf8");
  if (!committed.includes(`sources ${fingerprint()}`)) fail("the programs have changed: run npm run bpf:build");
  if (!committed.includes(`clang ${clang}\n`) || !committed.includes(`bpftool ${bpftool}\n`)) return false;
  if (contents(committed) !== contents(build(group, clang, bpftool))) {
    fail(`${group.target} is not what its sources make: run npm run bpf:build`);
  }
  return true;
}

const clang = version("clang", ["--version"]);
const bpftool = version("bpftool", ["version"]);
if (check) {
  if (GROUPS.map(checkOne).every(Boolean)) {
    say("bpf:build: the committed programs are current");
  } else {
    say("bpf:build: not made again for comparison, since clang or bpftool are not here in the version that made it");
  }
} else {
  if (clang === null || bpftool === null) {
    fail("bpf:build needs clang, bpftool and libbpf's headers: apt-get install clang bpftool libbpf-dev");
  }
  for (const group of GROUPS) {
    writeFileSync(join(folder, group.target), build(group, clang, bpftool));
    say(`written: native/bpf/${group.target}`);
  }
}
