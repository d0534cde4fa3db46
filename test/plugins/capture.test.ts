// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command } from "../e2e/support.js";
import { temporaryFolder } from "../support/temporary.js";

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
  assert.equal(seen.length, 4);
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
