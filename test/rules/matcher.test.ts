// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type FieldResolver, UNKEYED } from "../../src/fields/field.js";
import type { Node } from "../../src/rules/ast.js";
import { compileMatcher } from "../../src/rules/compile.js";
import type { Rule, RuleSet } from "../../src/rules/ruleset.js";
import {
  anyCheck,
  anyCondition,
  anyEvent,
  checkOf,
  constant,
  listOf,
  rule,
  TEXTS,
  TYPES,
} from "../support/conditions.js";
import { evaluate } from "../support/evaluate.js";
import { asView, SYNTHETIC, type SyntheticEvent, SyntheticFields } from "../support/synthetic-fields.js";

const OPTIONS = { strings: 64 };

function setOf(conditions: readonly Node[], matching: RuleSet["matching"]): RuleSet {
  return { rules: conditions.map((condition, i) => rule(i, condition, TYPES)), matching };
}

function hitsOf(matcher: ReturnType<typeof compileMatcher>, event: SyntheticEvent): number[] {
  return [...matcher.hits.subarray(0, matcher.match(asView(event)))];
}

function expected(rules: readonly Rule[], event: SyntheticEvent, first: boolean): number[] {
  const hits = rules.filter((each) => evaluate(each.condition, event, SYNTHETIC)).map((each) => each.index);
  return first ? hits.slice(0, 1) : hits;
}

function open(values: SyntheticEvent["values"]): SyntheticEvent {
  return { type: 3, values: { "evt.type": "open", ...values } };
}

describe("generated matcher", () => {
  it("agrees with the plain evaluator on single checks", () => {
    fc.assert(
      fc.property(
        fc.array(anyCheck, { minLength: 40, maxLength: 40 }),
        fc.array(anyEvent, { minLength: 6, maxLength: 6 }),
        (checks, events) => {
          const rules = setOf(checks, "all");
          const matcher = compileMatcher(rules, "syscall", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
          for (const event of events) assert.deepEqual(hitsOf(matcher, event), expected(rules.rules, event, false));
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });

  it("agrees with the plain evaluator on conditions, split or not, first or all, over generations", () => {
    fc.assert(
      fc.property(
        fc.array(anyCondition, { minLength: 1, maxLength: 12 }),
        fc.array(anyEvent, { minLength: 8, maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom(400, 2000, 12_000),
        (conditions, events, first, functionChars) => {
          const rules = setOf(conditions, first ? "first" : "all");
          const fields = new SyntheticFields(SYNTHETIC);
          const matcher = compileMatcher(rules, "syscall", fields.resolve, { strings: 16, functionChars });
          for (const [i, event] of [...events, ...events].entries()) {
            assert.deepEqual(hitsOf(matcher, event), expected(rules.rules, event, first));
            if (i % 5 === 4) {
              fields.renumber();
              matcher.forget();
            }
          }
        },
      ),
      { numRuns: 400, seed: 2 },
    );
  });

  it("keeps every function below its size and gives the same verdicts however small that is", () => {
    const conditions = fc.sample(anyCondition, { numRuns: 150, seed: 3 });
    const wide: Node = { kind: "or", children: conditions, range: { start: 0, end: 0 } };
    const rules = setOf([...conditions, wide], "all");
    const events = fc.sample(anyEvent, { numRuns: 60, seed: 4 });
    const verdicts = [1000, 3000, 12_000, 1_000_000].map((functionChars) => {
      const matcher = compileMatcher(rules, "syscall", new SyntheticFields(SYNTHETIC).resolve, {
        strings: 64,
        functionChars,
      });
      for (const { sizes } of matcher.statistics().types) assert.ok(Math.max(...sizes) <= functionChars);
      return events.map((event) => hitsOf(matcher, event));
    });
    for (const other of verdicts.slice(1)) assert.deepEqual(other, verdicts[0]);
    assert.deepEqual(
      verdicts[0],
      events.map((event) => expected(rules.rules, event, false)),
    );
  });

  it("computes what rules begin with alike once, to the same verdicts", () => {
    const pool = fc.sample(anyCheck, { numRuns: 12, seed: 21 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 8 }), anyCheck), { minLength: 2, maxLength: 12 }),
        fc.array(anyEvent, { minLength: 12, maxLength: 12 }),
        fc.boolean(),
        (rules, events, first) => {
          // Each rule begins with a run of the pool and ends with a check of its own.
          const conditions = rules.map(([from, length, own]): Node => {
            const children = [...pool.slice(from & 1, (from & 1) + length), own];
            return { kind: "and", children: from > 3 ? children.slice(1) : children, range: own.range };
          });
          const set = setOf(conditions, first ? "first" : "all");
          const matcher = compileMatcher(set, "syscall", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
          for (const event of events) assert.deepEqual(hitsOf(matcher, event), expected(set.rules, event, first));
        },
      ),
      { numRuns: 250, seed: 22 },
    );
  });

  it("gives each of many tests of one field its own bit", () => {
    const names = Array.from({ length: 100 }, (_, i) => `name ${i}`);
    const rules = setOf(
      names.flatMap((name) => [
        checkOf("s.name", "=", constant(name)),
        checkOf("s.name", "startswith", constant(name)),
      ]),
      "all",
    );
    const matcher = compileMatcher(rules, "syscall", new SyntheticFields(SYNTHETIC).resolve, { strings: 1 << 20 });
    assert.equal(matcher.statistics().words, Math.ceil(200 / 31));
    for (const name of [...names, "other", ""]) {
      const event = open({ "s.name": name });
      for (let twice = 0; twice < 2; twice++)
        assert.deepEqual(hitsOf(matcher, event), expected(rules.rules, event, false));
    }
  });

  it("asks for a text once a key and word, and again after forget", () => {
    const fields = new SyntheticFields(SYNTHETIC);
    const rules = setOf(
      [checkOf("s.name", "startswith", constant("a")), checkOf("s.name", "endswith", constant("b"))],
      "all",
    );
    const matcher = compileMatcher(rules, "syscall", fields.resolve, OPTIONS);
    const event = open({ "s.name": "ab" });
    for (let i = 0; i < 5; i++) assert.deepEqual(hitsOf(matcher, event), [0, 1]);
    assert.equal(fields.texts, 1);
    assert.equal(fields.keys, 5, "one key an event, however many tests");
    fields.renumber();
    fields.id("no match at this id");
    matcher.forget();
    assert.deepEqual(hitsOf(matcher, event), [0, 1]);
    assert.equal(fields.texts, 2);
  });

  it("stays right beyond the keys it can remember", () => {
    const rules = setOf(
      [checkOf("s.name", "endswith", constant("7")), checkOf("s.flags", "endswith", constant("7"))],
      "all",
    );
    const fields = new SyntheticFields(SYNTHETIC);
    const matcher = compileMatcher(rules, "syscall", fields.resolve, { strings: 400 });
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < 20_000; i++) {
        const event = open({ "s.name": `name ${i}`, "s.flags": `name ${i}` });
        assert.equal(matcher.match(asView(event)), i % 10 === 7 ? 2 : 0);
      }
    }
  });

  it("remembers nothing under UNKEYED", () => {
    const rules = setOf(
      [checkOf("s.name", "endswith", constant("7")), checkOf("s.flags", "endswith", constant("7"))],
      "all",
    );
    const base = new SyntheticFields(SYNTHETIC).resolve;
    let text = "";
    const resolver: FieldResolver = (name, source) => {
      const field = base(name, source);
      if ("error" in field || field.extract.shape !== "keyed") return field;
      return { ...field, extract: { ...field.extract, key: () => UNKEYED, text: () => text } };
    };
    const matcher = compileMatcher(rules, "syscall", resolver, OPTIONS);
    for (let i = 0; i < 30; i++) {
      text = `name ${i}`;
      assert.equal(matcher.match(asView(open({}))), i % 10 === 7 ? 2 : 0, text);
    }
  });

  it("has no function for a type on which no rule can match", () => {
    const both: Node = {
      kind: "and",
      children: [checkOf("evt.type", "in", listOf("open", "close")), checkOf("s.name", "=", constant("a"))],
      range: { start: 0, end: 0 },
    };
    const matcher = compileMatcher(setOf([both], "first"), "syscall", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
    // open_x, close_x, and asynchronous events, whose name is their own.
    assert.deepEqual(
      matcher.statistics().types.map(({ type }) => type),
      [3, 5, 402],
    );
    assert.equal(matcher.match(asView({ type: 7, values: { "evt.type": "read", "s.name": "a" } })), 0);
  });

  it("tests the name of generic events when they run", () => {
    const rules: RuleSet = { rules: [rule(0, checkOf("evt.type", "=", constant("setsid")), [1])], matching: "first" };
    const matcher = compileMatcher(rules, "syscall", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
    assert.equal(matcher.match(asView({ type: 1, values: { "evt.type": "setsid" } })), 1);
    assert.equal(matcher.match(asView({ type: 1, values: { "evt.type": "getpid" } })), 0);
  });

  it("runs all rules of another source on each of its events, and none of other sources", () => {
    const condition = checkOf("s.name", "=", constant("a"));
    const rules: RuleSet = {
      rules: [rule(0, condition, TYPES), { ...rule(1, condition, null), source: "k8s" }],
      matching: "all",
    };
    const matcher = compileMatcher(rules, "k8s", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
    assert.deepEqual(hitsOf(matcher, { type: 322, values: { "s.name": "a" } }), [1]);
    assert.deepEqual(hitsOf(matcher, { type: 402, values: { "s.name": "a" } }), [1]);
    assert.deepEqual(hitsOf(matcher, { type: 322, values: { "s.name": "b" } }), []);
  });

  it("never lets a rule's text into code", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it must stay a text
    const nasty = ['");process.exit(9);("', "\u2028", "${process.exit(9)}", "*/", "\\", "__proto__", "constructor"];
    const rules = setOf(
      nasty.flatMap((text) => [checkOf("s.name", "=", constant(text)), checkOf("s.text", "contains", constant(text))]),
      "all",
    );
    const matcher = compileMatcher(rules, "syscall", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
    for (const [i, text] of nasty.entries()) {
      assert.deepEqual(hitsOf(matcher, open({ "s.name": text, "s.text": text })), [2 * i, 2 * i + 1]);
    }
    assert.deepEqual(hitsOf(matcher, open({ "s.name": "toString", "s.text": "valueOf" })), []);
  });

  it("holds no rules without complaint", () => {
    const matcher = compileMatcher(setOf([], "first"), "syscall", new SyntheticFields(SYNTHETIC).resolve, OPTIONS);
    assert.equal(matcher.match(asView(open({}))), 0);
    assert.ok(TEXTS.length > 0);
  });
});
