// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepFields } from "../../src/engine/kept-fields.js";
import { DEFAULT_POLICY, type LoadedPlugin } from "../../src/plugins/info.js";
import type { LibraryParser } from "../../src/plugins/library/traits.js";
import type { WantedField } from "../../src/sdk/index.js";

function plugin(index: number, parser: LibraryParser | null, library = true): LoadedPlugin {
  const name = `p${index}`;
  return {
    ...{ name, version: "1.0.0", description: "", contact: "", sdk: "1.0.0", configSchema: null, index },
    ...{ source: null, extractor: { fields: {}, sources: null }, asyncEvents: null },
    ...(library ? { library: { extractsSyscalls: true, extractTypes: null, parser, starts: false } } : {}),
    ref: { kind: "library", path: `/${name}.so`, sha256: "" },
    ...{ config: {}, parameters: "", policy: DEFAULT_POLICY, stateFolder: null, openParameters: [] },
  };
}

const field = (name: string, argument: string | null = null): WantedField => ({ field: name, argument });
const PARSER = { sources: null, types: null };
const plugins = [plugin(0, PARSER), plugin(1, null), plugin(2, null, false)];
const first = [[field("a.x"), field("a.y", "k")], [field("b.x")], [field("c.x")]];

test("a library that parses keeps the fields of its start, in their order, whatever fewer the rules use", () => {
  const next = [[field("a.y", "k")], [field("b.y"), field("b.x")], []];
  assert.deepEqual(keepFields(plugins, first, next), [first[0], next[1], next[2]]);
  assert.deepEqual(keepFields(plugins, first, [[], [], []]), [first[0], [], []]);
});

test("a field or argument that no rule used at the start takes a restart, for such a library alone", () => {
  for (const [other, shown] of [
    [field("a.z"), "a.z"],
    [field("a.y", "other"), "a.y[other]"],
    [field("a.x", ""), "a.x[]"],
  ] as const) {
    assert.throws(() => keepFields(plugins, first, [[field("a.x"), other], [], []]), {
      code: "RELOAD_FAILED",
      message: `plugin 'p0' parses events, and no rule used ${shown} when the run began: that takes a restart`,
    });
  }
  const free = [[], [field("b.new")], [field("c.new", "1")]];
  assert.deepEqual(keepFields(plugins, first, free), [first[0], free[1], free[2]]);
});
