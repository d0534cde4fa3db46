// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceFailure } from "../../../src/sdk/index.js";
import { pluginEvent } from "../../../src/sdk/testing.js";
import { compileLibrary } from "./compile.js";
import { dataOf, readAll, running } from "./running.js";

const counter = () => compileLibrary("counter.c");
const PROCESSES = ["child", "in-process"] as const;

for (const process of PROCESSES) {
  test(`${process}: a source's events come in order, with their times, to the end`, async (t) => {
    const { open, context } = await running(t, counter(), { process });
    const before = BigInt(Date.now()) * 1_000_000n;
    const source = await open("100000");
    const events = await readAll(source);
    assert.equal(events.length, 100000);
    assert.deepEqual(
      events.findIndex((event, i) => dataOf(event) !== String(i)),
      -1,
    );
    assert((events[0]?.time ?? 0n) >= before, "an event without a time gets the one at which it was received");
    assert.equal(events[99999]?.time, 1700000000000099999n);
    assert.deepEqual(source.progress?.(), { percent: 100, text: "100000 of 100000" });
    await source.close();
    await source.close();
    assert.equal(context.metrics.get("level"), 2.5);
  });

  test(`${process}: a source of API 0.3, whose last events come together with the end`, async (t) => {
    const { open } = await running(t, compileLibrary("old-source.c"), { process });
    const events = await readAll(await open("11"));
    assert.deepEqual(events.map(dataOf), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    assert.equal(events[10]?.time, 1600000000000000010n);
    assert((events[1]?.time ?? 0n) > 1700000000000000000n);
    assert.deepEqual(await readAll(await open("0")), []);
  });

  test(`${process}: open that fails, next_batch that fails`, async (t) => {
    const { open } = await running(t, counter(), { process });
    await assert.rejects(open("none"), {
      name: "SourceFailure",
      message: "plugin counter: could not open its source: no count in 'none'",
      retry: false,
    });
    for (const [fault, message] of [
      ["fail", /^plugin counter: the input broke$/],
      ["empty", /unexpected 0 size event returned by plugin counter/],
      ["type", /event of type 7 with 2 parameters/],
      ["id", /event of plugin ID 5, its own is 999|event of plugin ID 773/],
      ["null", /a null event/],
      ["length", /lengths do not fit: 2147483647 bytes with 1 bytes of data|lengths do not fit: 2147483647/],
      ["size", /lengths do not fit: \d+ bytes with 2147483647 bytes of data/],
    ] as const) {
      const source = await open(`20 ${fault}`);
      const events: string[] = [];
      await assert.rejects(
        async () => {
          for (;;) events.push(...(await source.nextBatch(100, 1000)).events.map(dataOf));
        },
        (error: unknown) => {
          assert(error instanceof SourceFailure, `${fault}: ${String(error)}`);
          assert.match(error.message, message);
          return true;
        },
      );
      // The events before the bad one are not lost; one that comes together with a failure is an event as any other.
      assert.equal(events.length, fault === "fail" ? 21 : 20, fault);
      await source.close();
    }
  });

  test(`${process}: a batch is no larger than asked for, and a quiet source is asked again`, async (t) => {
    const { open } = await running(t, counter(), { process });
    const source = await open("50 quiet");
    let read = 0;
    while (read < 50) {
      const { events } = await source.nextBatch(7, 1000);
      assert(events.length <= 7);
      read += events.length;
    }
    const started = performance.now();
    assert.deepEqual(await source.nextBatch(7, 50), { events: [] });
    assert(performance.now() - started >= 45);
    await source.close();
  });

  test(`${process}: open parameters that it lists, and text for an event`, async (t) => {
    const { library, context } = await running(t, counter(), { process });
    const { source, init } = library.plugin.spec;
    const state = init({}, context);
    assert.deepEqual(await source?.listOpenParams?.(state), [
      { value: "10", desc: "Ten" },
      { value: "1;2", desc: "Two", separator: ";" },
    ]);
    const event = pluginEvent(library.plugin, { data: "12", number: 7 });
    assert.equal(source?.eventToString?.(state, event), "event 7 of counter: 12");
    const old = await running(t, compileLibrary("old-source.c"), { process });
    const { spec } = old.library.plugin;
    assert.equal(spec.source?.eventToString?.(spec.init("", context), event), "old 12");
    assert.deepEqual(await spec.source?.listOpenParams?.(spec.init("", context)), []);
  });
}

test("a source that is slow to be read waits, and nothing is lost", async (t) => {
  const { open, context } = await running(t, counter());
  const source = await open("2000000");
  await new Promise((resolve) => setTimeout(resolve, 200));
  let read = 0;
  for (let end = false; !end; ) {
    const batch = await source.nextBatch(20000, 1000);
    for (const event of batch.events) if (dataOf(event) !== String(read++)) assert.fail(`event ${read}`);
    end = batch.end === true;
  }
  assert.equal(read, 2000000);
  assert.equal(context.metrics.get("events_lost"), undefined);
  await source.close();
});

for (const [fault, code, message] of [
  ["segv", "LIBRARY_DIED", "plugin counter: its process died of SIGSEGV while its source was read"],
  ["abort", "LIBRARY_DIED", "plugin counter: its process died of SIGABRT while its source was read"],
  ["exit", "LIBRARY_DIED", "plugin counter: its process exited with status 3 while its source was read"],
] as const) {
  test(`a source that ends its process (${fault}): its events are delivered, then the error, and it can be opened again`, async (t) => {
    const { open } = await running(t, counter());
    const source = await open(`20 ${fault}`);
    const events: string[] = [];
    await assert.rejects(
      async () => {
        for (;;) events.push(...(await source.nextBatch(100, 5000)).events.map(dataOf));
      },
      { code, message },
    );
    // Only whole batches were passed on: what the library still held is gone with it.
    assert(events.length >= 16 && events.length <= 20, String(events.length));
    source.close();
    const again = await open("3");
    assert.equal((await readAll(again)).length, 3);
    await again.close();
  });
}

test("a source that loops for ever is killed when it does not answer", async (t) => {
  const { open } = await running(t, counter(), { timeouts: { control: 300 } });
  const source = await open("0 loop");
  assert.deepEqual(await source.nextBatch(10, 100), { events: [] });
  assert.throws(() => source.close(), {
    code: "LIBRARY_TIMEOUT",
    message: "plugin counter: it did not answer in time and was killed while closing its source",
  });
  assert.equal((await readAll(await open("3"))).length, 3);
});

for (const fault of ["scribble", "zeros", "ring"]) {
  test(`a source that writes over the memory it shares (${fault}) harms nobody else`, async (t) => {
    const { open } = await running(t, counter(), { timeouts: { control: 500 } });
    const source = await open(`100000 ${fault}`);
    let read = 0;
    let failure: unknown = null;
    const until = Date.now() + 3000;
    while (failure === null && Date.now() < until) {
      try {
        read += (await source.nextBatch(1000, 20)).events.length;
      } catch (error) {
        failure = error;
      }
    }
    // What it wrote may look like a source that is quiet: then closing finds it out, or there is nothing wrong with it.
    try {
      await source.close();
    } catch (error) {
      failure ??= error;
    }
    if (failure !== null) {
      assert.match(
        String((failure as { code?: string }).code ?? (failure as Error).name),
        /^(LIBRARY_(PROTOCOL|TIMEOUT|DIED)|SourceFailure)$/,
      );
    }
    assert(read <= 100_100, String(read));
    const again = await open("5");
    assert.equal((await readAll(again)).length, 5);
    await again.close();
  });
}
