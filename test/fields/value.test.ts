// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { decodeUtf8, jsonString } from "../../src/fields/json-text.js";
import { doubleValue, listValue, numberValue, textValue } from "../../src/fields/value.js";
import { FieldBed, jsonOf, textOf } from "../support/field-bed.js";

const binary = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

test("JSON strings: escapes of their own, other control characters as \\u00xx, the rest as it is", () => {
  assert.equal(jsonString('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(jsonString("\b\f\n\r\t"), '"\\b\\f\\n\\r\\t"');
  assert.equal(jsonString("\x00\x01\x1f\x7f"), '"\\u0000\\u0001\\u001f\x7f"');
  assert.equal(jsonString(binary("café ☃ 😀/")), '"café ☃ 😀/"');
});

test("control characters of values become U+FFFD, those of two bytes too, and nothing else does", () => {
  for (let code = 0; code < 0x800; code++) {
    const text = `a${String.fromCharCode(code)}b`;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const shown = textValue(binary(text));
    assert.equal(decodeUtf8(shown.text ?? ""), isControl ? "a\ufffdb" : text, code.toString(16));
    assert.equal(JSON.parse(shown.json), isControl ? "a\ufffdb" : text);
    const listed = listValue([binary(text)]);
    assert.equal(listed.text, `(${shown.text})`);
  }
  assert.equal(decodeUtf8(textValue("\xe2\xc2\x9b31m").text ?? ""), "\ufffd\ufffd31m", "behind half a character");
});

test("bytes that are no UTF-8 become U+FFFD", () => {
  assert.equal(decodeUtf8("a\xffb"), "a\ufffdb");
  assert.equal(decodeUtf8("\xc3"), "\ufffd");
  assert.equal(decodeUtf8("\xe2\x98"), "\ufffd");
  assert.equal(decodeUtf8("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
  assert.equal(jsonString("\xff"), '"\ufffd"');
});

test("control characters from U+0080 to U+009F are treated as those below U+0020", () => {
  for (let code = 0; code <= 0x110; code++) {
    const c = String.fromCharCode(code);
    const is = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    for (const around of ["", "a", "é", "\u00c2", "\u{1f600}"]) {
      const text = `${around}${c}${around}`;
      const seen = is ? `${around}\ufffd${around}` : text;
      assert.equal(textValue(binary(text)).text, binary(seen), `U+${code.toString(16)}`);
      assert.equal(JSON.parse(textValue(binary(text)).json), seen);
      assert.equal(listValue([binary(text)]).text, binary(`(${seen})`));
      assert.equal(JSON.parse(jsonString(binary(text))), text);
      assert.doesNotMatch(jsonString(binary(text)), /[^ -\x7f\xa0-\uffff]/);
    }
  }
  assert.equal(jsonString(binary("\u009b31m")), '"\\u009b31m"');
});

test("whatever bytes a value has, no control character is shown", () => {
  let seed = 12345;
  for (let round = 0; round < 3000; round++) {
    let bytes = "";
    for (let i = 0; i < 12; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      // Every other byte is one that C1 characters begin with.
      bytes += (seed & 0x10000) === 0 ? "\xc2" : String.fromCharCode(seed >>> 24);
    }
    const { text, json } = textValue(bytes);
    assert.doesNotMatch(decodeUtf8(text ?? ""), /\p{Cc}/u, Buffer.from(bytes, "latin1").toString("hex"));
    assert.doesNotMatch(json, /\p{Cc}/u);
  }
});

test("numbers in the format of their field", () => {
  assert.deepEqual(numberValue(255, "PF_DEC"), { text: "255", json: "255" });
  assert.deepEqual(numberValue(255, "PF_ID"), { text: "255", json: "255" });
  assert.deepEqual(numberValue(255, "PF_HEX"), { text: "FF", json: '"FF"' });
  assert.deepEqual(numberValue(-1n, "PF_HEX"), { text: "FFFFFFFFFFFFFFFF", json: '"FFFFFFFFFFFFFFFF"' });
  assert.deepEqual(numberValue(420, "PF_OCT"), { text: "644", json: '"644"' });
  assert.deepEqual(numberValue(42, "PF_10_PADDED_DEC"), { text: "000000042", json: '"000000042"' });
  assert.deepEqual(numberValue(2n ** 64n - 1n, "PF_DEC"), {
    text: "18446744073709551615",
    json: "18446744073709551615",
  });
  assert.deepEqual(doubleValue(12.345), { text: "12.3", json: "12.345" });
});

test("texts, lists and what is absent", () => {
  assert.deepEqual(textValue(null), { text: null, json: "null" });
  assert.deepEqual(textValue(""), { text: "", json: '""' });
  assert.deepEqual(textValue("a\nb\x7f"), { text: binary("a\ufffdb\ufffd"), json: '"a\ufffdb\ufffd"' });
  assert.deepEqual(listValue(["a", 'b"']), { text: '(a,b")', json: '["a","b\\""]' });
});

test("times: formatted as text, ns as JSON numbers", () => {
  const bed = new FieldBed();
  const time = 1_533_943_856_117_952_757n;
  const e = bed.event({ type: EventType.SYSCALL_CLOSE_X, time, params: { res: 0 } });
  assert.equal(textOf("evt.time.iso8601", e), "2018-08-10T23:30:56.117952757+0000");
  assert.equal(jsonOf("evt.time.iso8601", e), String(time));
  const local = new Date(1_533_943_856_000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const clock = `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`;
  const date = `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())}`;
  assert.equal(textOf("evt.time", e), `${clock}.117952757`);
  assert.equal(jsonOf("evt.time", e), String(time));
  assert.equal(textOf("evt.time.s", e), clock);
  assert.equal(textOf("evt.datetime", e), `${date} ${clock}.117952757`);
  assert.equal(textOf("evt.datetime.s", e), `${date} ${clock}`);
  assert.equal(jsonOf("evt.rawtime", e), String(time));
  assert.equal(textOf("evt.rawtime.s", e), "1533943856");
  assert.equal(textOf("evt.rawtime.ns", e), "117952757");
  const later = bed.event({ type: EventType.SYSCALL_CLOSE_X, time: 1_700_000_005_000_000_042n, params: { res: 0 } });
  assert.equal(textOf("evt.reltime", later), "5000000042");
  assert.equal(textOf("evt.reltime.s", later), "5");
  assert.equal(textOf("evt.reltime.ns", later), "000000042");
  assert.equal(jsonOf("evt.reltime.ns", later), '"000000042"');
  // Before the first event there is nothing to be relative to; whether that event is known by then changes nothing.
  for (const first of [later.number + 1, Number.POSITIVE_INFINITY]) {
    later.firstNumber = first;
    assert.equal(textOf("evt.reltime", later), "1700000005000000042");
    assert.equal(jsonOf("evt.reltime", later), '"1700000005000000042"');
    assert.equal(textOf("evt.reltime.s", later), "1700000005");
    assert.equal(textOf("evt.reltime.ns", later), "000000042");
  }
});

test("what every event has", () => {
  const bed = new FieldBed();
  const e = bed.event({ type: EventType.SYSCALL_CLOSE_X, number: 2 ** 40, cpu: 3, params: { res: -9 } });
  assert.equal(textOf("evt.num", e), "1099511627776");
  assert.equal(textOf("evt.cpu", e), "3");
  assert.equal(textOf("evt.dir", e), "<");
  assert.equal(textOf("evt.source", e), "syscall");
  assert.equal(textOf("evt.hostname", e), "box");
  assert.equal(textOf("evt.pluginname", e), null);
  assert.equal(textOf("evt.is_async", e), "false");
  assert.equal(jsonOf("evt.is_async", e), "false");
  assert.equal(textOf("evt.latency", e), "0");
  assert.equal(textOf("evt.latency.human", e), "0ns");
  assert.equal(textOf("evt.dir", bed.event({ type: EventType.PROCEXIT_1_E })), ">");
});
