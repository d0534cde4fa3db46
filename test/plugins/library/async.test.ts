// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileLibrary } from "./compile.js";
import { dataOf, running } from "./running.js";

for (const process of ["child", "in-process"] as const) {
  test(`${process}: events that a plugin sends out of turn, and a listener's routine`, async (t) => {
    const { library, open, context } = await running(t, compileLibrary("async.cc"), { process });
    const { names, sources } = library.plugin.spec.asyncEvents ?? {};
    assert.deepEqual({ names, sources }, { names: ["begun", "tick"], sources: ["other", "quiet"] });
    const before = BigInt(Date.now()) * 1_000_000n;
    const source = await open("");
    const said = (text: string) => context.logs.some(({ message }) => message === `async: ${text}`);
    while (context.emitted.length < 1001 || !said("three turns")) await source.nextBatch(10, 20);
    await source.close();
    const [first, ...ticks] = context.emitted;
    assert.deepEqual([first?.name, dataOf({ data: first?.data ?? "" })], ["begun", ""]);
    assert((first?.time ?? 0n) >= before, "an event without a time gets the one at which it was received");
    const last = ticks.pop();
    assert.deepEqual([last?.name, last?.time, dataOf({ data: last?.data ?? "" })], ["tick", 7n, "last"]);
    assert.deepEqual(
      ticks.map(({ time, data }) => [time, dataOf({ data })]),
      Array.from({ length: 1000 }, (_, i) => [BigInt(1000 + i), `tick ${i}`]),
    );
    assert.deepEqual(
      context.logs.filter(({ message }) => message.includes("refused")).map(({ message }) => message),
      [
        "async: refused: the plugin did not declare async events named 'undeclared'",
        "async: refused: an async event of a plugin's event source can have no thread",
        "async: refused: the time of the async event is in the future",
        "async: refused: the lengths of the async event do not fit",
      ],
    );
    assert(said("capture open"));
    assert(said("capture closed after 3 turns, 0"));
  });
}
