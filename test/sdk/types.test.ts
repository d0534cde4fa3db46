// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin, SDK_VERSION } from "../../src/sdk/index.js";

const about = { name: "typed", version: "1.0.0", description: "d", contact: "c", sdk: SDK_VERSION } as const;
const fields = {
  "t.text": { type: "string", desc: "text" },
  "t.count": { type: "uint64", desc: "count" },
  "t.tags": { type: "string", list: true, desc: "tags" },
  "t.key": { type: "string", desc: "by key", argument: { kind: "key", required: true } },
  "t.at": { type: "bool", desc: "by index", argument: { kind: "index" } },
} as const;
interface Parsed {
  readonly text: string;
}

test("a plugin with all its fields compiles and keeps what it declared", () => {
  const plugin = definePlugin({
    ...about,
    init: () => ({ prefix: "x" }),
    extractor: {
      fields,
      start: (state) => ({
        record: (event): Parsed => ({ text: state.prefix + event.text() }),
        extract: {
          "t.text": (record) => record.text,
          "t.count": (record) => record.text.length,
          "t.tags": (record) => record.text.split(","),
          "t.key": (key) => (record) => (record.text.startsWith(key) ? key : undefined),
          "t.at": (index) => (record) => record.text[index ?? 0] === "x",
        },
      }),
    },
  });
  assert.deepEqual(Object.keys(plugin.spec.extractor?.fields ?? {}), Object.keys(fields));
});

test("a wrong name or type of a field does not compile", () => {
  const start = {
    record: (): Parsed => ({ text: "" }),
    extract: {
      "t.text": () => "a",
      "t.count": () => 1,
      "t.tags": () => ["a"],
      "t.key": () => () => "a",
      "t.at": () => () => true,
    },
  } as const;
  definePlugin({ ...about, init: () => 0, extractor: { fields, start: () => start } });
  const { "t.count": _, ...missing } = start.extract;
  definePlugin({
    ...about,
    init: () => 0,
    // @ts-expect-error a field has no extract function
    extractor: { fields, start: () => ({ ...start, extract: missing }) },
  });
  definePlugin({
    ...about,
    init: () => 0,
    // @ts-expect-error a number for a text
    extractor: { fields, start: () => ({ ...start, extract: { ...start.extract, "t.text": () => 1 } }) },
  });
  definePlugin({
    ...about,
    init: () => 0,
    // @ts-expect-error one value for a list
    extractor: { fields, start: () => ({ ...start, extract: { ...start.extract, "t.tags": () => "a" } }) },
  });
  definePlugin({
    ...about,
    init: () => 0,
    // @ts-expect-error a misspelt name
    extractor: { fields, start: () => ({ ...start, extract: { ...missing, "t.counts": () => 1 } }) },
  });
  assert.ok(true);
});
