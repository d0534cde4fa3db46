// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecordSplitter } from "../../plugins/cloudtrail/split.js";

interface Cut {
  readonly records: string[];
  readonly bad: string[];
}

/** Cuts `text`, fed in pieces that end at `cuts`. */
function split(text: string | Uint8Array, cuts: readonly number[] = [], maxRecord = 1 << 20): Cut {
  const records: string[] = [];
  const bad: string[] = [];
  const splitter = new RecordSplitter(
    {
      record: (b, start, end) => void records.push(Buffer.from(b.subarray(start, end)).toString()),
      bad: (b, start, end, reason) => void bad.push(`${reason}: ${Buffer.from(b.subarray(start, end)).toString()}`),
    },
    maxRecord,
  );
  const bytes = Buffer.from(text as string);
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const at = Math.max(from, cut % (bytes.length + 1));
    splitter.feed(bytes.subarray(from, at));
    from = at;
  }
  splitter.feed(bytes.subarray(from));
  splitter.finish();
  return { records, bad };
}

test("records in an envelope, exactly as they are written", () => {
  const one = '{"eventTime":"t","msg":"quote \\" and C:\\\\temp\\\\{dir}"}';
  const two = '{ "a" : [1, {"b": {}}] }';
  assert.deepEqual(split(`{"Records":[${one},\n ${two} ]}`), { records: [one, two], bad: [] });
  assert.deepEqual(split(`{"x":{"y":[{}]},"n":1,"Records":[${one}],"z":"[{]"}`), { records: [one], bad: [] });
  assert.deepEqual(split('{"Records":[]}'), { records: [], bad: [] });
  assert.deepEqual(split(""), { records: [], bad: [] });
});

test("records without an envelope: a list, one by one, several documents in one file", () => {
  const one = '{"eventVersion":"1.08","resources":[{"a":1}]}';
  assert.deepEqual(split(`[${one},${one}]`), { records: [one, one], bad: [] });
  assert.deepEqual(split(`${one}\n${one}\n`), { records: [one, one], bad: [] });
  assert.deepEqual(split(`{"Records":[${one}]}{"Records":[${one}]}`), { records: [one, one], bad: [] });
});

test("damaged records end where their braces do; the others are read", () => {
  const good = '{"eventTime":"t"}';
  const cut = split(`{"Records":[{"a":nul},${good},{"a" 1},7,${good},{"b":"\\x"}]}`);
  assert.deepEqual(cut.records, [good, good, '{"b":"\\x"}']);
  assert.deepEqual(cut.bad, ['not valid JSON: {"a":nul}', 'not valid JSON: {"a" 1}', "not an object: 7"]);
});

test("a file that ends early says so, and gives what was whole", () => {
  const good = '{"eventTime":"t"}';
  const inRecord = split(`{"Records":[${good},{"msg":"unterminated {`);
  assert.deepEqual(inRecord.records, [good]);
  assert.deepEqual(inRecord.bad, ['the file ends in the middle of a record: {"msg":"unterminated {']);
  const inList = split(`{"Records":[${good}`);
  assert.deepEqual([inList.records, inList.bad.length], [[good], 1]);
  assert.match(split("<html>").bad[0] ?? "", /no JSON document/);
  assert.match(split(`{"Records":[${good}]} junk`).bad[0] ?? "", /no JSON document: junk/);
  assert.match(split(`{"Records":[${good}],}x`).bad[0] ?? "", /no JSON document: x/);
  assert.match(split('{"Records" []}').bad[0] ?? "", /not valid JSON between records/);
});

test("a record that is too long is set aside", () => {
  const long = `{"a":"${"x".repeat(200)}"}`;
  const whole = split(`{"Records":[${long},{"b":1}]}`, [], 100);
  assert.deepEqual([whole.records, whole.bad.length], [['{"b":1}'], 1]);
  const pieces = split(`{"Records":[{"b":1},${long}`, [40, 80, 120, 160, 200], 100);
  assert.deepEqual([pieces.records, pieces.bad.length], [['{"b":1}'], 1]);
});

test("any pieces give the same records", () => {
  const record = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 5 }),
      fc.constantFrom(0, 2),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 8 }),
      (records, space, envelope, cuts) => {
        const text = JSON.stringify(envelope ? { a: 1, Records: records, z: { b: [] } } : records, null, space);
        const got = split(text, cuts);
        assert.deepEqual(got.bad, []);
        assert.deepEqual(
          got.records.map((one) => JSON.parse(one)),
          JSON.parse(JSON.stringify(records)),
        );
      },
    ),
    { seed: 3, numRuns: 500 },
  );
});

test("any damage: never a hang, never bytes that are not in the file", () => {
  const text = JSON.stringify({ Records: [{ eventTime: "t", a: { b: [1, "x{"] } }, { eventID: "2" }, { c: null }] });
  fc.assert(
    fc.property(fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.array(fc.nat(), { maxLength: 3 }), (at, junk, cuts) => {
      const cut = at % text.length;
      const bytes = Buffer.concat([Buffer.from(text.slice(0, cut)), junk, Buffer.from(text.slice(cut + 2))]);
      const whole = split(bytes);
      const pieces = split(bytes, cuts);
      // What is set aside behind a damage is what has come by then.
      assert.deepEqual([pieces.records, pieces.bad.length], [whole.records, whole.bad.length]);
      for (const record of whole.records) assert.ok(bytes.toString().includes(record));
    }),
    { seed: 5, numRuns: 3000 },
  );
});
