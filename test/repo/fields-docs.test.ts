// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { listFields } from "../../src/fields/registry.js";
import { typeName } from "../../src/rules/operand.js";
import { textOf } from "./scan.js";

test("docs/fields.md holds every field of the registry, with its type, in its order", () => {
  const rows = [...textOf("docs/fields.md").matchAll(/^\| `([^`]+)`(?: \*)? \| (\w+) \|/gm)];
  assert.deepEqual(
    rows.map(([, name, type]) => [name?.replaceAll("\\|", "|"), type]),
    listFields("syscall").map((field) => [field.arg?.syntax ?? field.name, typeName(field.type)]),
  );
});

test("deprecated fields say so", () => {
  const marked = [...textOf("docs/fields.md").matchAll(/^\| `([^`]+)`.*\bdeprecated \|$/gm)].map(([, name]) => name);
  const deprecated = listFields("syscall").filter((field) => field.deprecated);
  assert.ok(deprecated.length > 0);
  assert.deepEqual(
    marked,
    deprecated.map((field) => field.arg?.syntax ?? field.name),
  );
});
