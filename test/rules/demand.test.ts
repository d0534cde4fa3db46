// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Demand } from "../../src/batch/plan.js";
import type { Field } from "../../src/fields/field.js";
import type { Node } from "../../src/rules/ast.js";
import { demandOf } from "../../src/rules/demand.js";
import { checkOf, constant, listOf, rule } from "../support/conditions.js";
import { SYNTHETIC, SyntheticFields } from "../support/synthetic-fields.js";

const range = { start: 0, end: 0 };
const { resolve } = new SyntheticFields(SYNTHETIC);

function and(...children: readonly Node[]): Node {
  return { kind: "and", children, range };
}

/** [type, mask] of the types that are wanted. */
function wanted(demand: Demand): [number, number][] {
  return [...demand.entries()].flatMap(([type, mask]) =>
    mask === undefined ? [] : [[type, mask] as [number, number]],
  );
}

function field(name: string): Field {
  const found = resolve(name, "syscall");
  if ("error" in found) throw new Error(found.error);
  return found;
}

describe("demand", () => {
  const opening = and(
    checkOf("evt.type", "in", listOf("open", "openat")),
    checkOf("s.path", "startswith", constant("/etc")),
  );
  const either: Node = {
    kind: "or",
    children: [
      and(checkOf("evt.type", "=", constant("open")), checkOf("s.name", "=", constant("a"))),
      and(checkOf("evt.type", "=", constant("read")), checkOf("s.flags", "=", constant("b"))),
    ],
    range,
  };

  it("is what conditions and outputs read, type by type", () => {
    // 3 open, 7 read, 103 openat; 402 asynchronous events, whose type is only known when they run.
    const set = { rules: [rule(0, opening, [3, 103]), rule(1, either, [3, 7])], matching: "first" } as const;
    const demand = demandOf(set, "syscall", resolve, [[field("s.text")], undefined]);
    assert.deepEqual(wanted(demand), [
      [3, 2 | 8 | 1],
      [7, 4],
      [103, 2 | 8],
      [402, 2 | 8 | 1 | 4],
    ]);
  });

  it("includes both sides of a comparison and the fields below transformers", () => {
    const condition: Node = {
      kind: "check",
      left: { kind: "field", name: "s.name", arg: null, range },
      operator: "=",
      modifier: null,
      right: {
        kind: "transform",
        name: "val",
        args: [{ kind: "field", name: "n.small", arg: null, range }],
        arg: null,
        range,
      },
      range,
    };
    const set = { rules: [rule(0, condition, [3])], matching: "first" } as const;
    assert.equal(demandOf(set, "syscall", resolve, [])[3], 1 | 32);
  });

  it("wants a type whose rules read no parameters, and nothing without rules", () => {
    const set = { rules: [rule(0, checkOf("evt.type", "=", constant("open")), [3])], matching: "first" } as const;
    assert.equal(demandOf(set, "syscall", resolve, [])[3], 0);
    assert.deepEqual(wanted(demandOf({ rules: [], matching: "first" }, "syscall", resolve, [])), []);
    assert.deepEqual(wanted(demandOf(set, "k8s", resolve, [])), []);
  });

  it("is for plugin and asynchronous events where the source is another", () => {
    const set = {
      rules: [{ ...rule(0, checkOf("s.name", "exists", null), null), source: "k8s" }],
      matching: "first",
    } as const;
    assert.deepEqual(wanted(demandOf(set, "k8s", resolve, [])), [
      [322, 1],
      [402, 1],
    ]);
  });
});
