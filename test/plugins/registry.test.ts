// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { readRegistry } from "../../src/plugins/registry.js";
import { checkRegistry } from "../../src/plugins/registry-check.js";

const ours = readFileSync("registry.yaml", "utf8");

function entry(name: string, id: number, source: string): string {
  return `  - {name: ${name}, description: d, capabilities: {sourcing: {supported: true, id: ${id}, source: ${source}}}}\n`;
}

function told(text: string, base?: string): string[] {
  const before = base === undefined ? null : readRegistry(base);
  if (before !== null && "problems" in before) throw new Error("the base is bad");
  return checkRegistry(text, before?.registry ?? null).map(
    ({ code, line, column, message }) => `${line}:${column} ${code} ${message}`,
  );
}

test("our registry is in order, and has the ids that captures of others hold", () => {
  assert.deepEqual(told(ours), []);
  const read = readRegistry(ours);
  assert.ok("registry" in read);
  const ids = new Map(read.registry.entries.map(({ name, id }) => [name, id]));
  assert.equal(ids.get("k8saudit"), 1);
  assert.equal(ids.get("cloudtrail"), 2);
  assert.equal(ids.get("json"), null);
  assert.equal(ids.get("test"), 999);
});

test("a new entry is checked against all others", () => {
  const add = (text: string) => told(ours + text).map((one) => one.replace(/^\d+:/, ""));
  assert.deepEqual(add(entry("fresh", 28, "fresh_source")), []);
  // Several plugins may bring one source.
  assert.deepEqual(add(entry("k8saudit-own", 28, "k8s_audit")), []);
  const cases: [string, RegExp][] = [
    [entry("okta", 28, "okta"), /REGISTRY_TAKEN the name "okta" is taken \(line \d+\)/],
    [entry("fresh", 2, "fresh"), /REGISTRY_TAKEN the ID 2 of "fresh" is taken by "cloudtrail"/],
    [entry("fresh", 999, "fresh"), /REGISTRY_TAKEN the ID 999/],
    [entry("fresh", 0, "fresh"), /REGISTRY_TAKEN the ID 0/],
    [entry("fresh", 2 ** 30, "fresh"), /REGISTRY_ID .* which is private: public IDs are 1 to 1073741823/],
    [entry("fresh", 2 ** 31, "fresh"), /REGISTRY_ID .* which is reserved/],
    [entry("fresh", 2 ** 33, "fresh"), /REGISTRY_SHAPE plugins\.\d+\.capabilities\.sourcing\.id/],
    [entry("fresh", 28, "syscall"), /REGISTRY_SOURCE the event source "syscall" of "fresh" is reserved/],
    [entry("fresh", 28, "Fresh-Source"), /REGISTRY_SOURCE "Fresh-Source" is no event source/],
    [entry("Fresh", 28, "fresh"), /REGISTRY_NAME "Fresh" is no plugin name/],
    [
      "  - {name: fresh, description: d, capabilities: {}}\n",
      /REGISTRY_SHAPE "fresh" neither is a source nor has fields/,
    ],
    ["  - {name: fresh, capabilities: {}}\n", /REGISTRY_SHAPE plugins\.\d+\.description/],
    [
      "  - {name: fresh, description: d, capabilities: {extraction: {supported: true, sources: [a-b]}}}\n",
      /REGISTRY_SOURCE "a-b"/,
    ],
  ];
  for (const [text, wanted] of cases) {
    const problems = add(text);
    assert.equal(problems.length, 1, `${text}${problems.join("\n")}`);
    assert.match(problems[0] ?? "", wanted);
  }
});

test("all problems are told, each where it stands", () => {
  const text = `plugins:\n${entry("a", 1, "a")}${entry("a", 1, "syscall")}${entry("B", 5, "b")}`;
  assert.deepEqual(
    told(text).map((one) => one.split(" ").slice(0, 2).join(" ")),
    ["3:12 REGISTRY_TAKEN", "3:78 REGISTRY_TAKEN", "3:89 REGISTRY_SOURCE", "4:12 REGISTRY_NAME"],
  );
});

test("the form of 2022: sources are unique, names have no hyphen", () => {
  const text = (extra: string) => `plugins:
  source:
    - {id: 0, name: zero, reserved: true}
    - {id: 2, source: aws_cloudtrail, name: cloudtrail}
${extra}  extractor:
    - {name: json}
    - {name: other, sources: [aws_cloudtrail]}
`;
  assert.deepEqual(told(text("")), []);
  assert.match(
    told(text("    - {id: 3, source: aws_cloudtrail, name: b}\n"))[0] ?? "",
    /^5:\d+ REGISTRY_TAKEN the event source/,
  );
  assert.match(told(text("    - {id: 3, source: b, name: a-b}\n"))[0] ?? "", /^5:\d+ REGISTRY_NAME/);
  assert.match(told(text("    - {id: 3, source: b, name: json}\n"))[0] ?? "", /REGISTRY_TAKEN the name "json"/);
});

test("what was given out stays", () => {
  const base = `plugins:\n${entry("a", 1, "a")}${entry("b", 2, "b")}`;
  assert.deepEqual(told(`${base}${entry("c", 3, "c")}`, base), []);
  assert.match(told(`plugins:\n${entry("a", 1, "a")}`, base)[0] ?? "", /REGISTRY_CHANGED "b" was removed; its ID 2/);
  assert.match(
    told(base.replace("id: 2", "id: 3"), base)[0] ?? "",
    /^3:\d+ REGISTRY_CHANGED the ID of "b" was 2 and is 3/,
  );
  assert.match(told(base.replace("source: b", "source: c"), base)[0] ?? "", /REGISTRY_CHANGED the event source of "b"/);
});

test("ranges are checked", () => {
  const ranges = (text: string) => told(`id_ranges: [${text}]\nplugins: []\n`).join();
  assert.match(ranges("{from: 5, to: 4, use: public}"), /1:13 REGISTRY_RANGE the range 5 to 4 is empty/);
  assert.match(ranges("{from: 1, to: 4, use: public}, {from: 4, to: 9, use: private}"), /REGISTRY_RANGE .* overlap/);
  assert.match(ranges("{from: 1, to: 4, use: mine}"), /REGISTRY_SHAPE id_ranges\.0\.use/);
});

test("what is no YAML, or tries to be too much, is told", () => {
  assert.match(told("plugins: [")[0] ?? "", /REGISTRY_PARSE/);
  assert.match(told("plugins: &a [*a]")[0] ?? "", /REGISTRY_PARSE/);
  assert.match(told("a: 1\na: 2\n")[0] ?? "", /^2:1 REGISTRY_PARSE/);
  assert.match(told("")[0] ?? "", /REGISTRY_SHAPE/);
  assert.match(told("plugins: 3")[0] ?? "", /^1:10 REGISTRY_SHAPE/);
});

test("no text crashes the reader", () => {
  const parts = fc.array(
    fc.constantFrom(
      "plugins:",
      "\n  - ",
      "name: a",
      "{",
      "}",
      "[",
      "]",
      ": ",
      "id: 1",
      "source",
      "&a",
      "*a",
      "\t",
      "extractor:",
      "0",
    ),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        parts.map((list) => list.join(" ")),
      ),
      (text) => {
        for (const { line, column } of checkRegistry(text)) assert.ok(line >= 1 && column >= 1);
      },
    ),
    { seed: 7, numRuns: 500 },
  );
});
