// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LibraryState } from "../../../src/plugins/library/state.js";
import { pluginEvent } from "../../../src/sdk/testing.js";
import type { PeregrineError } from "../../../src/telemetry/errors.js";
import { compileLibrary } from "./compile.js";
import { running } from "./running.js";

const counter = () => compileLibrary("counter.c");
const PROCESSES = ["child", "in-process"] as const;

for (const process of PROCESSES) {
  test(`${process}: fields of every type, lists, and arguments`, async (t) => {
    const { extract } = await running(t, counter(), { process });
    const read = extract([
      "counter.value",
      "counter.text",
      "counter.even",
      "counter.age",
      "counter.time",
      "counter.ip",
      "counter.net",
      "counter.digits",
      "counter.digits[1]",
      "counter.digits[9]",
      "counter.key[a/b c]",
      "counter.key[]",
      "counter.either",
      "counter.either[x]",
      "counter.either[12]",
      "counter.parts",
      "counter.source",
      "counter.large",
    ]);
    assert.deepEqual(read({ data: "1234", time: 1700000000123456789n, number: 3 }), {
      "counter.value": 1234,
      "counter.text": "1234",
      "counter.even": true,
      "counter.age": 1500,
      "counter.time": 1700000000123456789n,
      "counter.ip": Uint8Array.of(127, 0, 0, 1),
      "counter.net": Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0),
      "counter.digits": ["1", "2", "3", "4"],
      "counter.digits[1]": ["2"],
      "counter.digits[9]": null,
      "counter.key[a/b c]": "a/b c=1234",
      "counter.key[]": "=1234",
      "counter.either": "0 - -1",
      "counter.either[x]": "1 x -1",
      "counter.either[12]": "1 12 12",
      "counter.parts": [4, 0xffff_ffff_ffff_ffffn],
      "counter.source": "counter",
      "counter.large": 0xffff_ffff_ffff_fffen,
    });
    const other = read({ data: "7", source: "another" });
    assert.deepEqual([other["counter.value"], other["counter.even"], other["counter.source"]], [7, false, "another"]);
    assert.equal(read({ data: "absent" })["counter.large"], null);
    const long = "1".repeat(199);
    assert.equal(read({ data: long })["counter.text"], long);
  });

  test(`${process}: a field that fails leaves the others, and is logged and counted`, async (t) => {
    const { extract, context } = await running(t, counter(), { process });
    const read = extract(["counter.value", "counter.text", "counter.source"]);
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(read({ data: "bad", number: 9 }), {
        "counter.value": 0,
        "counter.text": null,
        "counter.source": "counter",
      });
    }
    assert.equal(context.metrics.get("extract_errors"), 20);
    const warnings = context.logs.filter(({ message }) => message.includes("no text in 'bad'"));
    assert.equal(warnings[0]?.message, "plugin counter: event 9: no text in 'bad' (1 such errors)");
    assert.equal(warnings.length, 9, "8 at first, then at 16");
  });

  test(`${process}: counts, sizes, addresses and texts that lie are absent values`, async (t) => {
    const { extract, context } = await running(t, counter(), { process });
    const read = extract(["counter.value", "counter.ip", "counter.digits", "counter.source"]);
    assert.deepEqual(read({ data: "lies" }), {
      "counter.value": null,
      "counter.ip": null,
      "counter.digits": null,
      "counter.source": "counter",
    });
    assert.match(context.logs.at(-1)?.message ?? "", /field counter.value is no list, but has several values/);
    const text = extract(["counter.text", "counter.value"]);
    assert.deepEqual(text({ data: "endless" }), { "counter.text": null, "counter.value": 0 });
    assert.match(context.logs.at(-1)?.message ?? "", /field counter.text has a value without end/);
    assert.deepEqual(text({ data: "nulltext" }), { "counter.text": "", "counter.value": 0 });
    assert.equal(text({ data: "nowhere" })["counter.value"], null);
    assert.match(context.logs.at(-1)?.message ?? "", /has values, but no address of them/);
  });

  test(`${process}: fields of API 0.3`, async (t) => {
    const { extract, context } = await running(t, compileLibrary("old-source.c"), { process });
    const read = extract(["old.text", "old.text[x]", "old.number", "old.arg[/a/b]"]);
    assert.deepEqual(read({ data: "12", time: 5n, number: 8 }), {
      "old.text": "12/-",
      "old.text[x]": "12/x",
      "old.number": 12,
      "old.arg[/a/b]": "/a/b@8.5",
    });
    assert.equal(read({ data: "none" })["old.number"], null);
    assert.equal(read({ data: "bad" })["old.text"], null);
    assert.match(context.logs.at(-1)?.message ?? "", /bad data/);
    const other = await running(t, compileLibrary("old-extractor.c"), { process });
    assert.deepEqual(other.extract(["length.bytes"])({ data: "four", source: "any" }), { "length.bytes": 4 });
  });

  test(`${process}: the configuration is handed over as text, and may change`, async (t) => {
    const { library, context } = await running(t, counter(), { process });
    const state = library.plugin.spec.init("", context);
    assert(state instanceof LibraryState);
    state.setConfig({ start: 2 });
    assert.throws(() => state.setConfig("refuse"), { name: "ConfigFailure", message: "plugin counter: not now" });
    const old = await running(t, compileLibrary("old-source.c"), { process });
    assert.throws(() => old.library.plugin.spec.init("bad", context), {
      message: "could not initialize plugin: bad is bad",
    });
  });
}

test("values of many bytes come whole", async (t) => {
  const { extract } = await running(t, compileLibrary("old-source.c"));
  const names = Array.from({ length: 400 }, (_, i) => `old.text[${i}${"y".repeat(200)}]`);
  const values = extract(names)({ data: "1".repeat(40) });
  for (const name of names) assert.equal(values[name], `${"1".repeat(40)}/${name.slice(9, -1)}`);
});

for (const [fault, code, message] of [
  ["segv", "LIBRARY_DIED", "plugin counter: its process died of SIGSEGV while its fields were extracted"],
  ["abort", "LIBRARY_DIED", "plugin counter: its process died of SIGABRT while its fields were extracted"],
  ["exit", "LIBRARY_DIED", "plugin counter: its process exited with status 0 while its fields were extracted"],
  [
    "loop",
    "LIBRARY_TIMEOUT",
    "plugin counter: it did not answer in time and was killed while its fields were extracted",
  ],
] as const) {
  test(`an extractor that ends its process (${fault}) is an error of that event alone`, async (t) => {
    const { library, extract, context } = await running(t, counter(), { timeouts: { extract: 300 } });
    const read = extract(["counter.value"]);
    assert.deepEqual(read({ data: "1" }), { "counter.value": 1 });
    assert.throws(() => read({ data: fault }), { code, message });
    assert.deepEqual(read({ data: "2" }), { "counter.value": 2 });
    // A process that others may use is asked again once, in case it died of what they asked.
    assert.equal(context.metrics.get("process_restarts"), code === "LIBRARY_DIED" ? 2 : 1);
    assert.deepEqual(extract(["counter.value"])({ data: "3" }), { "counter.value": 3 });

    // Asked about ahead, together with others.
    const { spec } = library.plugin;
    const instance = spec.extractor?.start(
      spec.init({}, context),
      [{ field: "counter.value", argument: null }],
      context,
    );
    const value = instance?.extract["counter.value"] as unknown as (record: unknown) => unknown;
    const events = ["1", "2", fault, "4", "5"].map((data, i) => pluginEvent(library.plugin, { data, number: i }));
    instance?.ahead?.((visit) => void events.every(visit));
    const values = events.map((event) => {
      try {
        return value(instance?.record(event));
      } catch (error) {
        assert.equal((error as PeregrineError).code, code);
        return "fault";
      }
    });
    assert.deepEqual(values, [1, 2, "fault", 4, 5]);
  });
}

for (const process of PROCESSES) {
  test(`${process}: events that were asked about ahead have the values that they have alone`, async (t) => {
    const { library, context } = await running(t, counter(), { process });
    const { spec } = library.plugin;
    const state = spec.init({}, context);
    const wanted = ["counter.text", "counter.source"].map((field) => ({ field, argument: null }));
    const instance = spec.extractor?.start(state, wanted, context);
    const text = instance?.extract["counter.text"] as unknown as (record: unknown) => unknown;
    const source = instance?.extract["counter.source"] as unknown as (record: unknown) => unknown;
    const events = Array.from({ length: 600 }, (_, i) =>
      pluginEvent(library.plugin, { data: `d${i}`, number: i + 1, source: i % 50 < 25 ? "counter" : "other" }),
    );
    let told = 0;
    const ahead = (from: number) =>
      instance?.ahead?.((visit) => {
        for (let i = from; i < events.length; i++) {
          const event = events[i];
          if (event === undefined || !visit(event)) return;
          told++;
        }
      });
    // Every third event is not asked for; a text that is asked for in between takes the answer's place.
    ahead(0);
    for (const [i, event] of events.entries()) {
      if (i % 3 === 2) continue;
      if (i % 100 === 99)
        assert.equal(spec.source?.eventToString?.(state, event), `event ${i + 1} of ${event.source}: d${i}`);
      if (i % 70 === 60) ahead(i);
      const record = instance?.record(event);
      assert.equal(text(record), `d${i}`);
      assert.equal(source(record), event.source);
    }
    assert(told >= 200, String(told));
  });
}

test("a plugin's metrics are heard of from its beginning on, and at its end", async (t) => {
  const { library, context } = await running(t, counter());
  const state = library.plugin.spec.init({}, context);
  assert(state instanceof LibraryState);
  const instance = library.plugin.spec.extractor?.start(state, [{ field: "counter.text", argument: null }], context);
  // The answer to init comes before what is said behind it.
  while (context.metrics.get("extracted") === undefined) state.connection.readMail();
  assert.equal(context.metrics.get("extracted"), 0);
  for (let i = 0; i < 4; i++) instance?.record(pluginEvent(library.plugin, { data: "1" }));
  state.report();
  assert.equal(context.metrics.get("extracted"), 4);
});

test("the text of an event costs no answer about the events behind it", async (t) => {
  const { library, context } = await running(t, counter());
  const { spec } = library.plugin;
  const state = spec.init({}, context);
  assert(state instanceof LibraryState);
  const instance = spec.extractor?.start(state, [{ field: "counter.text", argument: null }], context);
  const text = instance?.extract["counter.text"] as unknown as (record: unknown) => unknown;
  const events = Array.from({ length: 100 }, (_, i) =>
    pluginEvent(library.plugin, { data: i === 50 ? "5".repeat(10_000) : `d${i}`, number: i + 1 }),
  );
  instance?.ahead?.((visit) => void events.every(visit));
  for (const event of events) {
    const data = Buffer.from(event.data).toString();
    const said = `event ${event.number} of counter: ${data}`;
    assert.equal(spec.source?.eventToString?.(state, event), said);
    assert.equal(text(instance?.record(event)), data.slice(0, 199));
    assert.equal(spec.source?.eventToString?.(state, event), said);
  }
  assert.equal(state.requests.sent, 1);
});

test("an extractor that writes over the memory it shares harms nobody else", async (t) => {
  const { extract } = await running(t, counter(), { timeouts: { extract: 300 } });
  const read = extract(["counter.value", "counter.text"]);
  for (const fault of ["scribble", "zeros"]) {
    // Where what it wrote is overwritten by its answer, nothing is wrong.
    try {
      read({ data: fault });
    } catch (error) {
      assert.match((error as PeregrineError).code, /^LIBRARY_(PROTOCOL|TIMEOUT|DIED)$/);
    }
    for (let i = 0; i < 10; i++) {
      try {
        read({ data: "1" });
        break;
      } catch (error) {
        assert.match((error as PeregrineError).code, /^LIBRARY_(PROTOCOL|TIMEOUT|DIED)$/);
      }
    }
    assert.deepEqual(read({ data: "2" }), { "counter.value": 2, "counter.text": "2" });
  }
});
