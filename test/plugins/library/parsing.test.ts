// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command } from "../../e2e/support.js";
import { ScapBuilder } from "../../support/scap-builder.js";
import { temporaryFolder } from "../../support/temporary.js";
import { compileLibrary } from "./compile.js";

const folder = temporaryFolder();
let files = 0;

function write(name: string, content: string | Buffer): string {
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

interface Loaded {
  readonly name: string;
  readonly path: string;
  readonly parameters?: string;
  readonly process?: "child" | "in-process";
}

/** Runs the command with these plugins and rules, each a source, a condition and an output. @returns the outputs */
async function alerts(
  plugins: readonly Loaded[],
  rules: readonly (readonly [string, string, string])[],
  args: readonly string[] = [],
): Promise<{ readonly lines: readonly string[]; readonly stderr: string; readonly status: number | null }> {
  const config = plugins
    .map(({ name, path, parameters = "", process = "child" }) =>
      [
        `  - {name: ${name}, library_path: ${JSON.stringify(path)}, process: ${process},`,
        `     open_params: ${JSON.stringify(parameters)}}`,
      ].join("\n"),
    )
    .join("\n");
  const texts = rules.map(([source, condition, output], i) =>
    [
      `- {rule: r${i}, desc: d, source: ${source}, priority: INFO, condition: ${JSON.stringify(condition)},`,
      `   output: ${JSON.stringify(output)}}`,
    ].join("\n"),
  );
  const { stdout, stderr, status } = await command([
    ...["-c", write("falco.yaml", `stdout_output: {enabled: true}\nplugins:\n${config}\n`), "-o", "json_output=false"],
    ...["-r", write("rules.yaml", `${texts.join("\n")}\n`), ...args],
  ]);
  const lines = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^.*Informational /, ""));
  return { lines, stderr, status };
}

/** Two threads that open files in turns, and close each before the next: `count` times each. */
function opens(count: number, name: (i: number) => string = (i) => `/file/${i}`): string {
  const builder = new ScapBuilder()
    .section()
    .machine({ hostname: "box" })
    .threads([
      { tid: 10, pid: 10, comm: "ten" },
      { tid: 20, pid: 20, comm: "twenty" },
    ]);
  for (let i = 0; i < count; i++) {
    for (const tid of [10, 20]) {
      builder.event("SYSCALL_OPEN_X", { fd: 7, name: name(i), flags: 1 }, { tid });
      builder.event("SYSCALL_CLOSE_X", { res: 0, fd: 7 }, { tid });
    }
  }
  return write("opens.scap", builder.build());
}

for (const process of ["child", "in-process"] as const) {
  for (const workers of ["1", "2"]) {
    test(`${process}, ${workers} workers: what a library that parses system calls knows is as at each event`, async () => {
      const capture = opens(3000);
      const { lines, stderr, status } = await alerts(
        [{ name: "syscalls", path: compileLibrary("syscalls.cc"), process }],
        [
          [
            "syscall",
            "evt.type = open and sys.opens in (1, 1500, 2999)",
            "%evt.num %sys.opens %sys.comm %sys.event %sys.fd",
          ],
          ["syscall", "evt.type = close and sys.opens = 1500", "%evt.num %sys.opens closes %sys.fd %sys.parsed"],
        ],
        ["-e", capture, "--workers", workers],
      );
      assert.equal(status, 0, stderr);
      const name = (k: number) => `/file/${k - 1}`;
      // Events of turn k are 4k-3 to 4k: the first thread opens and closes, then the second.
      const expected = [1, 1500, 2999].flatMap((k) =>
        [0, 2].flatMap((at) => {
          const who = at === 0 ? "ten" : "twenty";
          const open = `${4 * k - 3 + at} ${k} ${who} 3 syscall ${name(k)} ${name(k)}`;
          const close = `${4 * k - 2 + at} ${k} closes ${name(k)} ${2 * k - 1 + at / 2}`;
          return k === 1500 ? [open, close] : [open];
        }),
      );
      assert.deepEqual(lines, expected);
    });
  }
}

for (const process of ["child", "in-process"] as const) {
  test(`${process}: a library that extracts alone reads the table of threads as at each event`, async () => {
    const path = compileLibrary("syscalls.cc", { EXTRACTS: "" });
    const { lines, stderr, status } = await alerts(
      [{ name: "syscalls", path, process }],
      [["syscall", "sys.fd in (/file/0, /file/700)", "%evt.type %sys.opens %sys.comm %sys.fd"]],
      ["-e", opens(701), "--workers", "2"],
    );
    assert.equal(status, 0, stderr);
    const expected = ["/file/0", "/file/700"].flatMap((name) =>
      ["ten", "twenty"].flatMap((comm) => ["open", "close"].map((type) => `${type} 0 ${comm} ${name}`)),
    );
    assert.deepEqual(lines, expected);
  });
}

test("--list-plugins says what a library parses, and of one that only looks at tables that it extracts", async () => {
  const capabilities = async (path: string): Promise<readonly string[]> => {
    const file = write("falco.yaml", `plugins: [{name: syscalls, library_path: ${JSON.stringify(path)}}]\n`);
    const { stdout } = await command(["-c", file, "--list-plugins"]);
    return stdout.split("\n").filter((line) => line.startsWith("  - "));
  };
  const extracts = compileLibrary("syscalls.cc", { EXTRACTS: "" });
  assert.deepEqual(await capabilities(extracts), ["  - Field Extraction"]);
  const parses = compileLibrary("syscalls.cc");
  assert.deepEqual(await capabilities(parses), ["  - Field Extraction", "  - Event Parsing"]);
});

test("a library hears of a capture before the first event that it parses, also when it begins anew", async () => {
  const listens = compileLibrary("syscalls.cc", { LISTENS: "", POISON: "1" });
  const { lines, stderr, status } = await alerts(
    [{ name: "syscalls", path: listens }],
    [["syscall", "evt.type = open and sys.opens > 0", "%fd.name"]],
    ["-e", opens(300, (i) => (i === 200 ? "/poison" : `/file/${i}`))],
  );
  assert.equal(status, 0, stderr);
  assert.equal(lines.length, 598, "all but the events of which it dies");
  assert.match(stderr, /plugin syscalls: its process died of SIGABRT while events were parsed/);
});

test("a library that dies while it parses loses what it knew, and no event of others", async () => {
  const capture = opens(300, (i) => (i === 200 ? "/poison" : `/file/${i}`));
  const { lines, stderr, status } = await alerts(
    [{ name: "syscalls", path: compileLibrary("syscalls.cc", { POISON: "1" }) }],
    [
      ["syscall", "evt.type = open and sys.opens > 0", "%fd.name %sys.opens"],
      ["syscall", "evt.type = open", "plain %fd.name"],
    ],
    ["-e", capture, "-o", "rule_matching=all"],
  );
  assert.equal(status, 0, stderr);
  assert.equal(lines.filter((line) => line.startsWith("plain")).length, 600);
  const counted = lines.filter((line) => !line.startsWith("plain"));
  assert.equal(counted.length, 598, "all but the events of which it dies");
  assert(counted.includes("/file/199 200") || counted.includes("/file/199 199"), stderr);
  assert.match(stderr, /plugin syscalls: its process died of SIGABRT while events were parsed/);
});

for (const process of ["child", "in-process"] as const) {
  test(`${process}: a library parses the events of another plugin's source`, async () => {
    const { lines, stderr, status } = await alerts(
      [
        { name: "counter", path: compileLibrary("counter.c"), parameters: "500", process },
        { name: "tables", path: compileLibrary("tables.cc"), process },
      ],
      [["counter", "counter.value in (3, 499)", "%counter.value sum %sum.total rows %sum.rows"]],
    );
    assert.equal(status, 0, stderr);
    // How many threads there are nobody knows where the source has none.
    const none = 2n ** 64n - 1n;
    assert.deepEqual(lines, [`3 sum 0 rows (4,${none})`, `499 sum 0 rows (500,${none})`]);
  });
}
