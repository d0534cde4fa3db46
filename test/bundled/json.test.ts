// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startExtractor } from "peregrine/sdk/testing";
import { plugin } from "../../plugins/json/index.js";

function value(data: string, pointer: string): unknown {
  const name = `json.value[${pointer}]`;
  return startExtractor(plugin, [name])({ data })[name];
}

const DOCUMENT = `{
  "a": {"b": ["x", {"c": 1.50}, null, true, ""], "": "empty key", "d/e": "slash", "m~n": "tilde", "0": "zero"},
  "n": 12345678901234567890, "é": "è", "esc": "line\\nbreak \\"q\\" \\u00e9 \\/",
  "a": "the second of two", "esc\\u0061ped": "yes"
}`;

test("values by their pointer", () => {
  const wanted: Record<string, string | null> = {
    "/a/b/0": "x",
    "a/b/0": "x",
    "/a/b/1/c": "1.50",
    "/a/b/1": '{"c":1.50}',
    "/a/b/2": "null",
    "/a/b/3": "true",
    "/a/b/4": "",
    "/a/b/5": null,
    "/a/b/01": null,
    "/a/b/-": null,
    "/a/": "empty key",
    "/a/d~1e": "slash",
    "/a/m~0n": "tilde",
    "/a/0": "zero",
    "/n": "12345678901234567890",
    "/é": "è",
    "/esc": 'line\nbreak "q" é /',
    "/escaped": "yes",
    "/n/x": null,
    "/missing": null,
  };
  for (const [pointer, text] of Object.entries(wanted)) assert.equal(value(DOCUMENT, pointer), text, pointer);
});

test("documents that are arrays", () => {
  assert.equal(value('[{"a":1},[2,3]]', "/0/a"), "1");
  assert.equal(value('[{"a":1},[2,3]]', "/1/1"), "3");
  assert.equal(value("[1, 2]", ""), "[1,2]");
});

test("what is no JSON has no value, wherever the damage is", () => {
  for (const data of [
    "",
    "x",
    '"a"',
    " {}",
    '{"a":1',
    '{"a":1}}',
    '{"a":1,}',
    '{"a":1} x',
    '{"a":01}',
    '{"a":nul}',
    '{"a" 1}',
  ]) {
    assert.equal(value(data, "/a"), null, data);
    assert.equal(value(data, ""), null, data);
  }
  assert.equal(value(`${"[".repeat(10_000)}${"]".repeat(10_000)}`, "/0"), null);
});

test("json.obj is the document with two blanks a level, all else as it is written", () => {
  const fields = ["json.obj", "jevt.obj", "json.rawtime", "jevt.rawtime"];
  const extract = startExtractor(plugin, fields);
  const got = extract({ data: '{"b":[1,{"x":"{,:"}],"a":1.0,"e":{},"f":[]}', time: 1_700_000_000_123_456_789n });
  const layout = '{\n  "b": [\n    1,\n    {\n      "x": "{,:"\n    }\n  ],\n  "a": 1.0,\n  "e": {},\n  "f": []\n}';
  assert.deepEqual(Object.values(got), [layout, layout, "1700000000123456789", "1700000000123456789"]);
});

/** All pointers of a value with what a JSON parser says is there. */
function* pointers(node: unknown, path: string): Generator<[string, unknown]> {
  yield [path, node];
  if (typeof node !== "object" || node === null) return;
  for (const [key, child] of Object.entries(node)) {
    yield* pointers(child, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

test("any document, laid out in any way: every value is the one that JSON.parse has", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom("", " ", "\t"), (node, space) => {
      fc.pre(typeof node === "object" && node !== null);
      const data = JSON.stringify(node, null, space);
      const all = [...pointers(JSON.parse(data), "")].filter(([pointer]) => !pointer.includes("]"));
      const names = all.map(([pointer]) => `json.value[${pointer}]`);
      const got = startExtractor(plugin, names)({ data });
      for (const [i, [pointer, wanted]] of all.entries()) {
        const text = got[names[i] ?? ""];
        // The empty pointer is the document; a pointer to an empty key starts with a slash.
        if (typeof wanted === "string") assert.equal(text, wanted, pointer);
        else assert.deepEqual(JSON.parse(String(text)), wanted, pointer);
      }
    }),
    { seed: 7, numRuns: 500 },
  );
});

test("damaged documents: no value, or one within bounds; never a hang", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(), fc.string({ maxLength: 3 }), (node, at, junk) => {
      const text = JSON.stringify({ a: node, b: [node] });
      const cut = at % (text.length + 1);
      const data = text.slice(0, cut) + junk + text.slice(cut + 1);
      const fields = ["json.value[/a]", "json.value[/b/0]", "json.obj"];
      const got = startExtractor(plugin, fields)({ data });
      let valid = true;
      try {
        JSON.parse(data);
      } catch {
        valid = false;
      }
      if (valid && data.startsWith("{")) assert.notEqual(got["json.obj"], null);
    }),
    { seed: 11, numRuns: 2000 },
  );
});
