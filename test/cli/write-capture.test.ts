// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command, logLines } from "../e2e/support.js";
import { readCapture } from "../support/capture-reader.js";
import { ScapBuilder } from "../support/scap-builder.js";
import { temporaryFolder } from "../support/temporary.js";

const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);

const source = new ScapBuilder()
  .section()
  .threads([{ tid: 7, comm: "worker" }])
  .event("SYSCALL_OPENAT_2_X", { fd: 3, dirfd: -100, name: "/etc/one", flags: 1 }, { tid: 7 })
  .event("SYSCALL_READ_X", { res: 1, data: Buffer.from("a"), fd: 3, size: 1 }, { tid: 7 })
  .event("SYSCALL_OPENAT_2_X", { fd: 4, dirfd: -100, name: "/etc/two", flags: 1 }, { tid: 7 })
  .event("SYSCALL_READ_X", { res: 1, data: Buffer.from("b"), fd: 4, size: 1 }, { tid: 7 })
  .toFile();
const types = (path: string): string[] => readCapture(path).records.map(({ type }) => type.replace("SYSCALL_", ""));

function codes(stderr: string): unknown[] {
  return logLines(stderr, "code").map(({ code }) => code);
}

test("read -w copies everything and prints nothing", async () => {
  const out = file("all.scap");
  const { status, stdout, stderr } = await command(["read", source, "-w", out]);
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  assert.deepEqual(types(out), ["OPENAT_2_X", "READ_X", "OPENAT_2_X", "READ_X"]);
});

test("read -w --filter: matching events; with --keep-state files keep their names", async () => {
  const show = async (path: string): Promise<string> =>
    (await command(["read", path, "--fields", "evt.type,fd.name"])).stdout;
  const out = file("reads.scap");
  assert.equal((await command(["read", source, "-w", out, "--filter", "evt.type = read and fd.num = 4"])).status, 0);
  assert.deepEqual(types(out), ["READ_X"]);
  assert.equal(await show(out), "read\t\n");
  const kept = file("kept.scap.gz");
  const args = ["read", source, "-w", kept, "--filter", "evt.type = read and fd.num = 4", "--keep-state"];
  assert.equal((await command(args)).status, 0);
  assert.deepEqual([...readFileSync(kept).subarray(0, 2)], [0x1f, 0x8b]);
  assert.equal(await show(kept), "read\t/etc/two\n");
});

test("read -w prints what is asked for, as without -w", async () => {
  for (const [name, args] of [
    ["fields", ["--fields", "fd.name,evt.type"]],
    ["json", ["--json"]],
    ["json-fields", ["--json", "--fields", "fd.name"]],
    ["json-number", ["--json", "--fields", "fd.name,evt.num"]],
  ] as const) {
    for (const filter of name === "json" ? [[]] : [["--filter", "evt.type = openat"]]) {
      const out = file(`${name}-${filter.length}.scap`);
      const expected = await command(["read", source, ...args, ...filter]);
      const { status, stdout } = await command(["read", source, ...args, ...filter, "-w", out]);
      assert.deepEqual([status, stdout], [0, expected.stdout], name);
      assert.equal(types(out).length, filter.length === 0 ? 4 : 2);
    }
  }
});

test("read -w - writes to the standard output", async () => {
  const script = `const { main } = await import(${JSON.stringify(new URL("../../src/cli/main.js", import.meta.url).href)});
    await main(process.argv.slice(1));`;
  const { stdout } = spawnSync(process.execPath, [
    "--input-type=module",
    "-e",
    script,
    "--",
    "read",
    source,
    "-w",
    "-",
  ]);
  const out = file("piped.scap");
  writeFileSync(out, stdout);
  assert.equal(types(out).length, 4);
});

test("read -w over the capture itself, and through a link", async () => {
  const own = file("own.scap");
  writeFileSync(own, readFileSync(source));
  assert.equal((await command(["read", own, "-w", own, "--filter", "evt.type = read"])).status, 0);
  assert.deepEqual(types(own), ["READ_X", "READ_X"]);
  const link = file("link.scap");
  symlinkSync(own, link);
  assert.equal((await command(["read", source, "-w", link])).status, 0);
  assert.equal(types(link).length, 4);
});

test("read -w --schema 0.31 writes enter events, and says what it left out", async () => {
  const from = new ScapBuilder()
    .section()
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, { tid: 7 })
    .event("USER_ADDED_E", { uid: 5, name: "five" }, { tid: 7 })
    .toFile();
  const out = file("old.scap");
  const { status, stderr } = await command(["read", from, "-w", out, "--schema", "0.31"]);
  assert.equal(status, 0);
  assert.equal(logLines(stderr, "leftOut")[0]?.["leftOut"], 1);
  assert.equal(readFileSync(out).readUInt16LE(28 + 10 + 20), 4);
});

test("errors: options without -w, two uses of stdout, bad paths, no room; nothing is left behind", async () => {
  const one = async (args: string[]): Promise<unknown> => {
    const { status, stderr } = await command(["read", source, ...args]);
    assert.equal(status, 1, args.join(" "));
    return codes(stderr)[0];
  };
  assert.equal(await one(["--schema", "0.31"]), "OPTION_CONFLICT");
  assert.equal(await one(["--keep-state"]), "OPTION_CONFLICT");
  assert.equal(await one(["-w", "-", "--json"]), "OPTION_CONFLICT");
  assert.equal(await one(["-w", file("none/x.scap")]), "CAPTURE_CREATE");
  assert.equal(await one(["-w", "/dev/full"]), "CAPTURE_SPACE");
  assert.equal(await one(["-w", "/dev/full", "--filter", "evt.type = read"]), "CAPTURE_SPACE");
  const missing = file("missing.scap");
  assert.deepEqual(codes((await command(["read", missing, "-w", file("y.scap")])).stderr), ["CAPTURE_OPEN"]);
  assert.equal((await command(["read", source, "-w", file("z.scap"), "--filter", "evt.nope = 1"])).status, 1);
  assert.equal((await command(["read", source, "-w", file("v.scap"), "--schema", "0.30"])).status, 2);
  for (const name of ["y.scap", "z.scap", "v.scap"]) assert.ok(!existsSync(file(name)), name);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("a capture that is cut off is copied as far as it goes, with the error of reading it", async () => {
  const cut = file("cut.scap");
  writeFileSync(cut, readFileSync(source).subarray(0, -5));
  for (const filter of [[], ["--filter", "evt.num > 0"]]) {
    const out = file("rest.scap");
    const { status, stderr } = await command(["read", cut, "-w", out, ...filter]);
    assert.deepEqual([status, codes(stderr)], [1, ["CAPTURE_TRUNCATED"]]);
    assert.equal(types(out).length, 3);
  }
});
