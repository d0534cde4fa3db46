// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfig } from "../../src/plugins/config-schema.js";

const schema = {
  type: "object",
  additionalProperties: false,
  required: ["path"],
  properties: {
    path: { type: "string" },
    depth: { type: "integer", minimum: 1, default: 3 },
    filter: { type: "object", properties: { kind: { enum: ["a", "b"] } } },
  },
};

test("defaults of the schema are filled in", () => {
  const config: Record<string, unknown> = { path: "x" };
  checkConfig("p", schema, config);
  assert.deepEqual(config, { path: "x", depth: 3 });
});

test("what does not fit is told with the plugin, the place and the key", () => {
  for (const [config, message] of [
    [{}, /^plugin 'p': init_config must have required property 'path'/],
    [{ path: 5 }, /init_config\.path must be string/],
    [{ path: "x", depth: 0 }, /init_config\.depth must be >= 1/],
    [{ path: "x", deep: 1 }, /init_config must NOT have additional properties \("deep"\)/],
    [{ path: "x", filter: { kind: "c" } }, /init_config\.filter\.kind must be equal to one of/],
    ["text", /init_config must be object/],
  ] as const) {
    assert.throws(() => checkConfig("p", schema, config), { code: "PLUGIN_CONFIG", message });
  }
});

test("schemas of older drafts, with ids, and with what is unknown", () => {
  const old = { $schema: "http://json-schema.org/draft-04/schema#", id: "http://example.com/a", unknown: 1, ...schema };
  checkConfig("p", old, { path: "x" });
  checkConfig("p", { $schema: "http://json-schema.org/draft-07/schema#", $id: "b", ...schema }, { path: "x" });
  checkConfig("p", { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "c", ...schema }, { path: "x" });
});

test("the same schema twice, as two plugins may have it, is no clash of ids", () => {
  const named = { $id: "http://example.com/same", ...schema };
  checkConfig("p", named, { path: "x" });
  checkConfig("q", named, { path: "y" });
});

test("a schema that is none is the plugin's error, not the configuration's", () => {
  assert.throws(() => checkConfig("p", { type: "nonsense" }, {}), {
    code: "PLUGIN_LOAD",
    message: /schema .* is none/,
  });
});
