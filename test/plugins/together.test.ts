// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { addsTo, appliesTo, DEFAULT_POLICY, extractionSources, type LoadedPlugin } from "../../src/plugins/info.js";
import { checkTogether } from "../../src/plugins/load.js";
import { fieldsOf, NO_VALUES, pluginResolver, suggestedFields, WantedFields } from "../../src/plugins/resolver.js";
import { sourcesOf } from "../../src/plugins/sources.js";
import type { FieldSpecs } from "../../src/sdk/index.js";

interface Parts {
  readonly source?: readonly [id: number, name: string];
  readonly fields?: FieldSpecs;
  readonly sources?: readonly string[];
  readonly asyncSources?: readonly string[];
}

function plugin(name: string, { source, fields, sources, asyncSources }: Parts, index = 0): LoadedPlugin {
  return {
    ...{ name, version: "1.0.0", description: "", contact: "", sdk: "1.0.0", configSchema: null, index },
    source: source === undefined ? null : { id: source[0], name: source[1] },
    extractor: fields === undefined ? null : { fields, sources: sources ?? null },
    asyncEvents: asyncSources === undefined ? null : { names: ["n"], sources: asyncSources },
    ref: { kind: "module", path: `/${name}.js`, sha256: "" },
    ...{ config: {}, parameters: "", policy: DEFAULT_POLICY, stateFolder: null, openParameters: [] },
  };
}

const text = { type: "string", desc: "d" } as const;

test("two plugins of one name or one ID cannot be together; two of one source can", () => {
  const a = plugin("a", { source: [1, "x"] });
  assert.throws(() => checkTogether([a, a]), { code: "PLUGIN_DUPLICATE", message: /named 'a'/ });
  assert.throws(() => checkTogether([a, plugin("b", { source: [1, "y"] })]), {
    code: "PLUGIN_DUPLICATE",
    message: /ID 1/,
  });
  checkTogether([a, plugin("b", { source: [2, "x"] })]);
});

test("one field on one source has one provider", () => {
  const a = plugin("a", { source: [1, "x"], fields: { "f.one": text }, sources: ["x"] });
  const everywhere = plugin("b", { fields: { "f.one": text } });
  const elsewhere = plugin("c", { fields: { "f.one": text }, sources: ["y"] });
  assert.throws(() => checkTogether([a, everywhere]), {
    code: "PLUGIN_FIELD",
    message: /'b' supports extraction of field 'f\.one' .*'x': plugin 'a'/,
  });
  checkTogether([a, plugin("y", { source: [2, "y"] }), elsewhere]);
  const engine = plugin("d", { source: [3, "z"], fields: { "evt.num": text } });
  assert.throws(() => checkTogether([engine]), { code: "PLUGIN_FIELD", message: /Peregrine itself/ });
});

test("a plugin that serves no source there is is of no use", () => {
  const lost = plugin("lost", { fields: { "f.one": text }, sources: ["nobody"] });
  assert.throws(() => checkTogether([plugin("a", { source: [1, "x"] }), lost]), {
    code: "PLUGIN_UNUSED",
    message: "Plugin 'lost' is loaded but unused as not compatible with any known event source",
  });
  checkTogether([plugin("a", { source: [1, "x"] }), plugin("b", { asyncSources: ["x"] })]);
});

test("on whose events fields have values", () => {
  const own = plugin("a", { source: [1, "x"], fields: { "f.one": text }, sources: ["y"] });
  assert.deepEqual(extractionSources(own, ["syscall", "x", "y", "z"]), ["x", "y"]);
  assert.deepEqual(
    [appliesTo(own, "x", 1), appliesTo(own, "x", 2), appliesTo(own, "y", 9), appliesTo(own, "z", 1)],
    [...[true, false, true, false]],
  );
  const all = plugin("b", { fields: { "f.two": text } });
  assert.deepEqual(extractionSources(all, ["syscall", "x"]), ["x"]);
  assert.equal(appliesTo(all, "syscall", 0), false);
});

test("to which sources asynchronous events go", () => {
  const own = plugin("a", { source: [1, "x"], asyncSources: ["y"] });
  assert.deepEqual(
    ["x", "y", "syscall"].map((name) => addsTo(own, name)),
    [true, true, false],
  );
  assert.equal(addsTo(plugin("b", { source: [1, "x"] }), "x"), false);
});

test("fields are found on the sources that they are for, with their arguments, and remembered as wanted", () => {
  const fields: FieldSpecs = {
    "f.key": { ...text, argument: { kind: "key", required: true } },
    "f.plain": { ...text, suggested: true },
    "f.index": { ...text, argument: { kind: "index" }, suggested: true },
  };
  const plugins = [plugin("a", { source: [1, "x"], fields })];
  const sources = sourcesOf(plugins);
  assert.deepEqual(sources, ["syscall", "x"]);
  const wanted = new WantedFields(1);
  const resolve = pluginResolver(plugins, sources, wanted);
  for (const name of ["f.key[/a/b]", "f.key[/a/b]", "f.plain", "f.index", "f.index[3]"]) {
    const found = resolve(name, "x");
    assert.ok(found !== null && !("error" in found), name);
    assert.equal(found.name, name);
  }
  assert.deepEqual(wanted.all(), [
    [
      { field: "f.key", argument: "/a/b" },
      { field: "f.plain", argument: null },
      { field: "f.index", argument: null },
      { field: "f.index", argument: "3" },
    ],
  ]);
  const wrong = resolve("f.key", "x");
  assert.ok(wrong !== null && "error" in wrong);
  const elsewhere = resolve("f.plain", "syscall");
  assert.ok(elsewhere === null || "error" in elsewhere);
  const engine = resolve("evt.num", "x");
  assert.ok(engine !== null && !("error" in engine), "the engine's own fields are there on every source");
  assert.deepEqual(suggestedFields(plugins, sources), { x: ["f.plain", "f.index"] });
  assert.ok(fieldsOf(plugins, sources, "x").some(({ name }) => name === "f.key"));
  assert.ok(!fieldsOf(plugins, sources, "syscall").some(({ name }) => name === "f.key"));
});

test("without extractors the engine's own fields are looked up, and nothing else", () => {
  const resolve = pluginResolver([plugin("a", { source: [1, "x"] })], ["syscall", "x"], NO_VALUES);
  const found = resolve("evt.num", "syscall");
  assert.ok(found !== null && !("error" in found));
});
