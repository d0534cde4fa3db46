// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { describeAll } from "../../src/rules/describe.js";
import { catalogResolver } from "./catalog-resolver.js";
import { load } from "./load-text.js";

interface Described {
  readonly info: Readonly<Record<string, unknown>>;
  readonly details: Readonly<Record<string, unknown>>;
}
interface DescribedAll {
  readonly rules: readonly Described[];
  readonly macros: readonly Described[];
  readonly lists: readonly Described[];
  readonly required_engine_version: string;
  readonly required_plugin_versions: readonly object[];
}

function described(text: string): DescribedAll {
  const result = load(text);
  assert.ok(result.ok, JSON.stringify(result.diagnostics));
  return describeAll(result, { resolver: catalogResolver }) as DescribedAll;
}

const TEXT = `
- required_engine_version: 10
- required_plugin_versions:
  - {name: container, version: 0.4.0, alternatives: [{name: json, version: 0.1.0}]}
- {list: inner, items: [vi, "my ed"]}
- {list: editors, items: [inner, nano]}
- {macro: opened, condition: "evt.type in (open, openat)"}
- {macro: edited, condition: opened and proc.name in (editors)}
- {macro: unused, condition: evt.type=close}
- rule: A
  desc: d
  condition: edited and not fd.name startswith /tmp
  output: x %fd.name %toupper(proc.name) %proc.aname[2]
  priority: critical
  tags: [b, a]
  exceptions:
  - {name: known, fields: [proc.name, fd.name], comps: [=, endswith], values: [[vi, .txt]]}
- rule: Off
  desc: d
  condition: evt.type=sethostname
  output: y
  priority: info
  enabled: false
`;

test("a rule: what its file says, and what it comes to", () => {
  const [rule] = described(TEXT).rules;
  assert.deepEqual(rule?.info, {
    name: "A",
    condition: "edited and not fd.name startswith /tmp",
    priority: "Critical",
    output: "x %fd.name %toupper(proc.name) %proc.aname[2]",
    description: "d",
    enabled: true,
    source: "syscall",
    capture: false,
    capture_duration: 0,
    tags: ["a", "b"],
  });
  assert.deepEqual(rule?.details, {
    macros: ["edited"],
    lists: [],
    condition_operators: ["=", "endswith", "in", "startswith"],
    condition_fields: ["evt.type", "fd.name", "proc.name"],
    output_fields: ["fd.name", "proc.aname[2]", "proc.name"],
    exception_fields: ["fd.name", "proc.name"],
    exception_names: ["known"],
    exception_operators: ["=", "endswith"],
    events: ["asyncevent", "open", "openat"],
    condition_compiled:
      '(((evt.type in (open, openat) and proc.name in (vi, "my ed", nano)) and not fd.name startswith /tmp) ' +
      "and not (proc.name = vi and fd.name endswith .txt))",
    output_compiled: "x %fd.name %toupper(proc.name) %proc.aname[2]",
    plugins: [],
  });
});

test("disabled rules are there; a call without an event of its own is named", () => {
  const off = described(TEXT).rules[1];
  assert.equal(off?.info["enabled"], false);
  assert.deepEqual(off?.details["events"], ["asyncevent", "sethostname"]);
});

test("plugins that know a field of a rule, or have its source, are named", () => {
  const text = TEXT.replace("fd.name startswith /tmp", "container.id = host");
  const plugins = [
    { name: "json", source: null, fields: ["json.value"] },
    { name: "deep", source: null, fields: ["proc.aname"] },
    { name: "own", source: "syscall" },
  ];
  const named = (file: string): unknown => {
    const all = describeAll(load(file), { resolver: catalogResolver, plugins }) as DescribedAll;
    return all.rules[0]?.details["plugins"];
  };
  assert.deepEqual(named(TEXT), ["deep", "own"]);
  assert.deepEqual(named(text), ["container", "deep", "own"]);
});

test("macros, lists and requirements", () => {
  const { macros, lists, ...all } = described(TEXT);
  assert.equal(all.required_engine_version, "0.10.0");
  assert.deepEqual(all.required_plugin_versions, [
    { name: "container", version: "0.4.0", alternatives: [{ name: "json", version: "0.1.0" }] },
  ]);
  assert.deepEqual(macros[1]?.details, {
    used: true,
    macros: ["opened"],
    lists: ["editors"],
    condition_operators: ["in"],
    condition_fields: ["evt.type", "proc.name"],
    events: ["asyncevent", "open", "openat"],
    condition_compiled: '(evt.type in (open, openat) and proc.name in (vi, "my ed", nano))',
    plugins: [],
  });
  assert.equal(macros[2]?.details["used"], false);
  assert.deepEqual(lists[1], {
    info: { name: "editors", items: ["nano"] },
    details: { used: true, lists: ["inner"], items_compiled: ["vi", "my ed", "nano"], plugins: [] },
  });
});

test("a condition that reads only with its lists expanded still names them", () => {
  const { rules } = described(`
- {list: pair, items: ["x) or (proc.name = y"]}
- {list: names, items: [a]}
- {rule: r, desc: d, condition: (evt.type=open and (proc.name = names)), output: o, priority: info}
`);
  assert.deepEqual(rules[0]?.details["lists"], ["names"]);
});

test("every file gets its verdict, and a warning is told once", () => {
  const texts = ["- {macro: m, condition: evt.type=open}", "- {list: k}", "- {list: l, items: [a]}", "- {macro: n}"];
  const all = load(texts, { everyFile: true });
  assert.deepEqual(
    all.files.map(({ diagnostics }) => diagnostics.map(({ code, file }) => `${file} ${code}`)),
    [
      ["a.yaml LOAD_UNUSED_MACRO"],
      ["b.yaml LOAD_ERR_YAML_VALIDATE"],
      ["c.yaml LOAD_UNUSED_LIST"],
      ["d.yaml LOAD_ERR_YAML_VALIDATE"],
    ],
  );
  assert.equal(all.ok, false);
  assert.equal(load(texts).files.length, 2);
});
