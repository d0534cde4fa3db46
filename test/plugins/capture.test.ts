// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command, logLines } from "../e2e/support.js";
import { ScapBuilder } from "../support/scap-builder.js";
import { temporaryFolder } from "../support/temporary.js";
import { compileLibrary } from "./library/compile.js";

const folder = temporaryFolder();
let files = 0;
const next = (name: string): string => join(folder, `${files++}-${name}`);

function write(name: string, content: string | Buffer): string {
  const path = next(name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

/** Counts to 100; event 50 is larger than a batch of system calls can hold, and behind event 10 comes one out of turn. */
const COUNTER = write(
  "counter.mjs",
  `import { definePlugin, SDK_VERSION } from "peregrine/sdk";
export const plugin = definePlugin({
  name: "counter", version: "0.1.0", description: "counts", contact: "nobody", sdk: SDK_VERSION,
  init: (config, context) => context,
  source: {
    id: 999, source: "counter",
    open: (context) => {
      let n = 0;
      context.emit({ name: "begun", data: "first", time: 1699999999000000000n });
      return {
        nextBatch: () => {
          n++;
          if (n === 11) context.emit({ name: "begun", data: "again", time: 1700000000000000010n });
          const data = n === 50 ? "50 " + "x".repeat(2_000_000) : String(n);
          return { events: [{ data, time: 1700000000000000000n + BigInt(n) }], end: n === 100 };
        },
        close: () => {},
      };
    },
    eventToString: (context, event) => "number " + Number.parseInt(event.text(), 10),
  },
  asyncEvents: {
    names: ["begun"],
    dumpState: (context, to) => void to.emit({ name: "begun", data: "state", time: 1699999998000000000n }),
  },
  extractor: {
    fields: { "counter.value": { type: "uint64", desc: "the number" } },
    start: () => ({ record: (event) => Number.parseInt(event.text(), 10) || 0, extract: { "counter.value": (value) => value } }),
  },
});
`,
);
const CONFIG = write(
  "falco.yaml",
  `json_output: true\nstdout_output: {enabled: true}\nplugins:\n  - {name: counter, library_path: ${COUNTER}}\n`,
);
const RULES = write(
  "rules.yaml",
  `- rule: numbers
  desc: d
  source: counter
  priority: INFO
  condition: counter.value in (10, 50, 100)
  output: "%counter.value %evt.plugininfo %evt.pluginname %evt.source %evt.rawtime"
- rule: begun
  desc: d
  source: counter
  priority: INFO
  condition: evt.asynctype = begun
  output: "begun %evt.rawtime"
`,
);

function outputs(stdout: string): readonly string[] {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { rule, output, time, output_fields: fields } = JSON.parse(line) as Record<string, unknown>;
    return JSON.stringify([rule, output, time, fields]);
  });
}

test("-w: a plugin's events come back as the same alerts with the same fields", async () => {
  const capture = next("counter.scap");
  const live = await command(["-c", CONFIG, "-r", RULES, "-w", capture]);
  assert.equal(live.status, 0, live.stderr);
  const seen = outputs(live.stdout);
  assert.equal(seen.length, 5);
  assert(
    seen.some((line) => line.includes("50 number 50 counter counter 1700000000000000050")),
    seen.join("\n"),
  );
  const again = await command(["-c", CONFIG, "-r", RULES, "-e", capture]);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(outputs(again.stdout), seen);

  if (spawnSync("sysdig", ["--version"]).error === undefined) {
    const lines = execFileSync("sysdig", ["-r", capture], { encoding: "utf8" }).split("\n");
    assert.equal(lines.filter((line) => line !== "").length, 100);
  }

  // Without the plugin it is told which one is missing, and which rules are of no use.
  const without = await command(["-r", RULES, "-e", capture]);
  assert.equal(without.status, 0);
  assert.equal(without.stdout, "");
  assert.match(without.stderr, /Unknown source counter, skipping/);
  assert.match(without.stderr, /100 events were made by the plugin with ID 999, which is not loaded/);
});

test("read knows the events and fields of plugins, and without them says which ones are missing", async () => {
  const capture = next("counter.scap.gz");
  const recorded = await command(["capture", "-c", CONFIG, "-w", capture]);
  assert.equal(recorded.status, 0, recorded.stderr);
  const columns = ["--fields", "evt.num,evt.source,counter.value,evt.plugininfo,proc.name"];
  const filter = ["--filter", "counter.value in (7, 8)"];
  const read = await command(["read", capture, "--plugin", COUNTER, ...columns, ...filter]);
  assert.equal(read.status, 0, read.stderr);
  // The state is the first event of the file, and the one out of turn the second.
  assert.equal(read.stdout, "9\tcounter\t7\tnumber 7\t<NA>\n10\tcounter\t8\tnumber 8\t<NA>\n");

  const small = next("small.scap");
  const copied = await command(["read", capture, "-c", CONFIG, ...filter, "-w", small]);
  assert.equal(copied.status, 0, copied.stderr);
  const missing = await command(["read", small, "--fields", "evt.source,evt.plugininfo,evt.type"]);
  assert.equal(missing.status, 0, missing.stderr);
  const line = "<NA>\t<the plugin with ID 999 is not loaded>\tpluginevent\n";
  assert.equal(missing.stdout, line + line);
  assert.deepEqual(
    logLines(missing.stderr, "id").map(({ id, events }) => [id, events]),
    [[999, 2]],
  );

  const unknown = await command(["read", capture, "--filter", "counter.value = 1"]);
  assert.equal(unknown.status, 1);
});

test("a mixed capture: system calls, events of plugins and events out of turn go to the rules of their sources", async () => {
  const data = (text: string): Buffer => Buffer.from(text);
  const capture = write(
    "mixed.scap",
    new ScapBuilder()
      .section()
      .event("SYSCALL_OPEN_X", { fd: 3, name: "/etc/passwd", flags: 1 }, { tid: 7 })
      .event("PLUGINEVENT_E", { plugin_id: 999, event_data: data("50") }, { tid: -1n })
      .event("ASYNCEVENT_E", { plugin_id: 999, name: "begun", data: data("x") }, { tid: -1n })
      .event("PLUGINEVENT_E", { plugin_id: 5, event_data: data("1") }, { tid: -1n })
      .event("SYSCALL_OPEN_X", { fd: 4, name: "/etc/shadow", flags: 1 }, { tid: 7 })
      .build(),
  );
  const opens = write(
    "opens.yaml",
    "- {rule: opens, desc: d, priority: INFO, condition: evt.type = open, output: '%fd.name'}\n",
  );
  const { stdout, stderr, status } = await command(["-c", CONFIG, "-r", RULES, "-r", opens, "-e", capture]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    outputs(stdout).map((line) => (JSON.parse(line) as string[])[0]),
    ["opens", "numbers", "begun", "opens"],
  );
  const read = await command(["read", capture, "-c", CONFIG, "--fields", "evt.num,evt.source,fd.name,counter.value"]);
  assert.equal(
    read.stdout,
    [
      "1\tsyscall\t/etc/passwd\t<NA>",
      "2\tcounter\t<NA>\t50",
      "3\tcounter\t<NA>\t0",
      "4\t<NA>\t<NA>\t<NA>",
      "5\tsyscall\t/etc/shadow\t<NA>",
      "",
    ].join("\n"),
  );
});

test("a library's state stands at the head of the capture, before its events out of turn", async () => {
  const library = compileLibrary("async.cc", { TICKS: "50", DUMP: "300" });
  const config = write("async.yaml", `plugins:\n  - {name: async, library_path: ${library}}\n`);
  const capture = next("async.scap");
  const recorded = await command(["capture", "-c", config, "-w", capture]);
  assert.equal(recorded.status, 0, recorded.stderr);
  const fields = ["--fields", "evt.num,evt.asynctype,evt.source", "-c", config];
  const { stdout, stderr } = await command(["read", capture, ...fields]);
  const lines = stdout.split("\n").filter((line) => line !== "");
  assert.equal(lines[0], "301\tbegun\tquiet", stderr);
  assert(lines.filter((line) => /\ttick\tquiet$/.test(line)).length >= 1000, stderr);
});

test("several sources are written to a file each; system calls and captures are refused", async () => {
  const one = compileLibrary("counter.c");
  const two = compileLibrary("old-source.c");
  const config = write(
    "two.yaml",
    [
      "plugins:",
      `  - {name: one, library_path: ${one}, open_params: "20"}`,
      `  - {name: two, library_path: ${two}, open_params: "30"}`,
      "",
    ].join("\n"),
  );
  const capture = next("two.scap.gz");
  const recorded = await command(["capture", "-c", config, "-w", capture]);
  assert.equal(recorded.status, 0, recorded.stderr);
  for (const [name, count] of [["counter", 20] as const, ["old", 30] as const]) {
    const path = capture.replace(".scap.gz", `.${name}.scap.gz`);
    const { stdout } = await command(["read", path, "-c", config, "--fields", "evt.source"]);
    assert.equal(stdout, `${name}\n`.repeat(count));
  }
  assert.equal(existsSync(capture), false);
  const both = await command(["-r", RULES, "-c", CONFIG, "-e", capture, "-w", next("no.scap")]);
  assert.equal(logLines(both.stderr, "code")[0]?.["code"], "OPTION_CONFLICT");
});

test("a source whose thread dies leaves what it had read, and goes on in a file of its own", async () => {
  const library = compileLibrary("counter.c");
  const config = write(
    "dies.yaml",
    `plugins:\n  - {name: one, library_path: ${library}, open_params: "64 segv", max_restarts: 1}\n`,
  );
  const capture = next("dies.scap");
  const recorded = await command(["capture", "-c", config, "-w", capture]);
  assert.equal(recorded.status, 1);
  for (const path of [capture, capture.replace(".scap", ".2.scap")]) {
    const { stdout, stderr } = await command(["read", path, "--fields", "evt.num"]);
    assert(stdout.split("\n").length > 32, `${path}: ${stdout.length} ${stderr}`);
  }
});

test("-w: all events of a batch are in the capture, wanted by a rule or not", async () => {
  const many = write(
    "many.mjs",
    `import { definePlugin, SDK_VERSION } from "peregrine/sdk";
export const plugin = definePlugin({
  name: "many", version: "0.1.0", description: "counts by hundreds", contact: "nobody", sdk: SDK_VERSION,
  init: () => null,
  source: {
    id: 999, source: "many",
    open: () => {
      let n = 0;
      return {
        nextBatch: () => {
          const events = Array.from({ length: 100 }, () => ({ data: String(++n), time: 1700000000000000000n + BigInt(n) }));
          return { events, end: n === 1000 };
        },
        close: () => {},
      };
    },
    eventToString: (_, event) => event.text(),
  },
});
`,
  );
  const plugins = JSON.stringify([{ name: "many", library_path: many }]);
  const config = write("many.yaml", `json_output: true\nstdout_output: {enabled: true}\nplugins: ${plugins}\n`);
  for (const source of ["many", "syscall"]) {
    const rule = ["- rule: r", "desc: d", `source: ${source}`, "priority: INFO", "condition: evt.num = 1", "output: o"];
    const rules = write("one.yaml", rule.join("\n  "));
    const capture = next("many.scap");
    const run = await command(["-c", config, "-r", rules, "-w", capture]);
    assert.equal(run.status, 0, run.stderr);
    const read = await command(["read", capture, "--plugin", many, "--fields", "evt.plugininfo"]);
    assert.equal(read.status, 0, read.stderr);
    assert.deepEqual(
      read.stdout.trim().split("\n"),
      Array.from({ length: 1000 }, (_, i) => String(i + 1)),
    );
  }
});
