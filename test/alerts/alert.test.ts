// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chunk } from "../../src/alerts/chunk.js";
import { createEncoder } from "../../src/alerts/encode.js";
import { DEFAULT_ALERT_OPTIONS, type EncoderOptions } from "../../src/alerts/options.js";
import { planOutputs } from "../../src/alerts/output-plan.js";
import { Sequencer } from "../../src/alerts/sequence.js";
import { ParamType } from "../../src/batch/event-table.generated.js";
import type { Field, FieldResolver, FieldValue } from "../../src/fields/field.js";
import { isoText } from "../../src/fields/render/clock.js";
import type { EventView } from "../../src/fields/view.js";
import type { Rule, RuleSet } from "../../src/rules/ruleset.js";

const TIME = 1_700_000_000_000_000_007n;

/** Fields with fixed values; texts are binary strings. */
const VALUES: Readonly<Record<string, FieldValue>> = {
  "evt.time": { text: "22:13:20.000000007", json: String(TIME) },
  "evt.time.iso8601": { text: `${isoText(TIME)}+0000`, json: String(TIME) },
  "evt.num": { text: "12", json: "12" },
  "evt.big": { text: "18446744073709551615", json: "18446744073709551615" },
  "proc.name": { text: "cat", json: '"cat"' },
  "proc.aname[2]": { text: null, json: "null" },
  "proc.is_shell": { text: "true", json: "true" },
  "proc.tags": { text: "(a,b)", json: '["a","b"]' },
  "fd.name": { text: '/tmp/"\\\n\x01\xc3\xa9\xff', json: JSON.stringify('/tmp/"\\\n\x01é\ufffd') },
};

const resolver: FieldResolver = (text) => {
  const value = VALUES[text];
  if (value === undefined) return { error: `filter_check called with nonexistent field ${text}` };
  const field: Field = {
    name: text,
    base: text.split("[", 1)[0] ?? "",
    arg: null,
    type: ParamType.CHARBUF,
    list: false,
    flags: [],
    deprecated: false,
    filterOnly: false,
    extract: { shape: "text", get: () => value.text },
    address: null,
    demand: () => {},
    value: () => value,
  };
  return field;
};

const VIEW = { time: TIME } as EventView;

function ruleSet(...outputs: readonly (string | Partial<Rule>)[]): RuleSet {
  const rules = outputs.map((output, index): Rule => {
    return {
      index,
      name: `Rule "${index}"`,
      desc: "",
      priority: 6 - index,
      source: "syscall",
      tags: ["a", "b"],
      condition: { kind: "and", children: [], range: { start: 0, end: 0 } },
      eventTypes: null,
      output: "",
      ...(typeof output === "string" ? { output } : output),
    };
  });
  return { rules, matching: "all" };
}

function encode(options: EncoderOptions, rules: RuleSet, hits: readonly number[] = [0]): string {
  const encoder = createEncoder(options, rules, planOutputs(options, rules, resolver), resolver);
  const chunk = new Chunk(16);
  encoder.encode(VIEW, Int32Array.from(hits), hits.length, chunk);
  return Buffer.from(chunk.take()).toString();
}

const JSON_OPTIONS = { kind: "json", hostname: 'h"1', ...DEFAULT_ALERT_OPTIONS } as const;

test("JSON: keys in alphabetical order, typed fields, escapes, nine digits", () => {
  assert.equal(
    encode(JSON_OPTIONS, ruleSet("n=%evt.num name=%proc.name file=%fd.name gone=%proc.aname[2] %proc.name")),
    '{"hostname":"h\\"1","output":"22:13:20.000000007: Informational n=12 name=cat file=/tmp/\\"\\\\\\n\\u0001é\ufffd gone=<NA> cat",' +
      '"output_fields":{"evt.num":12,"evt.time":1700000000000000007,"fd.name":"/tmp/\\"\\\\\\n\\u0001é\ufffd","proc.aname[2]":null,"proc.name":"cat"},' +
      '"priority":"Informational","rule":"Rule \\"0\\"","source":"syscall","tags":["a","b"],"time":"2023-11-14T22:13:20.000000007Z"}\n',
  );
});

test("JSON: exact digits, booleans, lists; an output without fields", () => {
  const text = encode(JSON_OPTIONS, ruleSet("%evt.big %proc.is_shell %proc.tags"));
  assert.match(
    text,
    /"output_fields":\{"evt\.big":18446744073709551615,"evt\.time":1700000000000000007,"proc\.is_shell":true,"proc\.tags":\["a","b"\]\}/,
  );
  assert.match(text, /Informational 18446744073709551615 true \(a,b\)"/);
  assert.match(encode(JSON_OPTIONS, ruleSet("plain")), /"output_fields":\{"evt\.time":1700000000000000007\}/);
});

test("JSON: what the options leave out and put in", () => {
  const rules = ruleSet("n=%evt.num");
  assert.equal(
    encode(
      {
        ...JSON_OPTIONS,
        hostname: "h",
        includeOutput: false,
        includeOutputFields: false,
        includeTags: false,
        includeMessage: true,
      },
      rules,
    ),
    '{"hostname":"h","message":"n=12","priority":"Informational","rule":"Rule \\"0\\"","source":"syscall","time":"2023-11-14T22:13:20.000000007Z"}\n',
  );
  const iso = encode({ ...JSON_OPTIONS, iso8601: true }, rules);
  assert.match(iso, /"output":"2023-11-14T22:13:20\.000000007\+0000: Informational n=12"/);
  assert.match(iso, /"output_fields":\{"evt\.num":12,"evt\.time\.iso8601":1700000000000000007\}/);
  assert.deepEqual(Object.keys(JSON.parse(encode({ ...JSON_OPTIONS, includeMessage: true }, rules))), [
    "hostname",
    "message",
    "output",
    "output_fields",
    "priority",
    "rule",
    "source",
    "tags",
    "time",
  ]);
});

test("JSON: extra fields are members by their own name, as values or as texts", () => {
  const extraFields = [
    { name: "proc.name", template: null },
    { name: "who", template: "%proc.name/%evt.num" },
    { name: "Z", template: "const" },
  ];
  assert.match(
    encode(JSON_OPTIONS, ruleSet({ output: "x", extraFields })),
    /"output_fields":\{"Z":"const","evt\.time":1700000000000000007,"proc\.name":"cat","who":"cat\/12"\}/,
  );
});

test("text: time, priority, message, escaped as the inside of a JSON string", () => {
  const rules = ruleSet("file=%fd.name", "second %evt.num");
  assert.equal(
    encode({ kind: "text", iso8601: false }, rules, [0, 1]),
    '22:13:20.000000007: Informational file=/tmp/\\"\\\\\\n\\u0001é\ufffd\n22:13:20.000000007: Notice second 12\n',
  );
  assert.match(encode({ kind: "text", iso8601: true }, rules), /^2023-11-14T22:13:20\.000000007\+0000: Informational /);
});

test("widths pad with blanks and cut", () => {
  assert.match(encode({ kind: "text", iso8601: false }, ruleSet("[%5proc.name][%2proc.name]")), / \[cat {2}\]\[ca\]$/m);
});

test("events: a template, columns, objects", () => {
  const rules = ruleSet("");
  assert.equal(encode({ kind: "read", template: "%evt.num é %fd.name" }, rules), '12 é /tmp/"\\\\n\\x01é\ufffd\n');
  assert.equal(encode({ kind: "read", template: "%evt.num %proc.aname[2]" }, rules), "");
  assert.equal(encode({ kind: "read", template: "*%evt.num %8proc.aname[2]|" }, rules), "12 <NA>    |\n");
  assert.equal(
    encode({ kind: "read-fields", fields: ["evt.num", "proc.aname[2]", "fd.name"] }, rules),
    '12\t<NA>\t/tmp/"\\\\n\\x01é\ufffd\n',
  );
  assert.equal(
    encode({ kind: "read-json", fields: ["proc.name", "evt.num", "proc.aname[2]"] }, rules),
    '{"proc.name":"cat","evt.num":12,"proc.aname[2]":null}\n',
  );
});

test("a chunk takes back what an event wrote, grows, and gives its lines away", () => {
  const chunk = new Chunk(4);
  chunk.begin();
  chunk.line("one");
  chunk.begin();
  chunk.line("two € longer than the memory it began with");
  chunk.rollback();
  chunk.line("three");
  assert.equal(Buffer.from(chunk.take()).toString(), "one\nthree\n");
  assert.equal(chunk.length, 0);
});

test("a sequencer passes batches in order and takes the attempt that counts", () => {
  const sequencer = new Sequencer<{ batch: number; attempt: number; text: string }>();
  const part = (batch: number, attempt: number) => ({ batch, attempt, text: `${batch}.${attempt}` });
  sequencer.add(part(1, 0));
  sequencer.add(part(0, 0));
  sequencer.add(part(0, 1));
  assert.equal(sequencer.peek(2), undefined);
  assert.equal(sequencer.peek(1)?.text, "0.1");
  sequencer.pass();
  sequencer.add(part(0, 2));
  assert.equal(sequencer.next, 1);
  assert.equal(sequencer.peek(0)?.text, "1.0");
  sequencer.pass();
  assert.equal(sequencer.waiting, false);
});
