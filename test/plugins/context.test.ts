// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostContext, type PluginMessage } from "../../src/plugins/context.js";
import type { AsyncEvent } from "../../src/sdk/index.js";

function contextOf(open: boolean): { readonly context: HostContext; readonly said: PluginMessage[] } {
  const said: PluginMessage[] = [];
  const context = new HostContext({
    ...{ plugin: 3, part: "source", signal: new AbortController().signal, stateFolder: null },
    ...{
      metrics: new Float64Array(0),
      asyncNames: ["added"],
      mayEmit: () => open,
      post: (message) => said.push(message),
    },
  });
  return { context, said };
}

test("an asynchronous event is passed on with what it has to have, and with nothing else", () => {
  const { context, said } = contextOf(true);
  const bytes = Uint8Array.of(1, 2);
  const more = { name: "added", data: "x", other: () => {} };
  assert.ok(context.emit(more));
  assert.ok(context.emit({ name: "added", data: bytes, time: 2n ** 64n - 1n }));
  assert.deepEqual(said, [
    { kind: "async", plugin: 3, event: { name: "added", data: "x" } },
    { kind: "async", plugin: 3, event: { name: "added", data: bytes, time: 2n ** 64n - 1n } },
  ]);
});

test("one of another name, or without an open source, is not taken", () => {
  const { context, said } = contextOf(true);
  assert.equal(context.emit({ name: "other", data: "x" }), false);
  assert.equal(contextOf(false).context.emit({ name: "added", data: "x" }), false);
  assert.deepEqual(said, []);
});

for (const [what, event] of [
  ["a number", { name: "added", data: 1 }],
  ["nothing", { name: "added" }],
  ["a function", { name: "added", data: () => {} }],
  ["a time that is a number", { name: "added", data: "x", time: 1 }],
  ["a time before 1970", { name: "added", data: "x", time: -1n }],
  ["a time that is too late", { name: "added", data: "x", time: 2n ** 64n }],
] as const) {
  test(`one with ${what} is not taken, and that is logged`, () => {
    const { context, said } = contextOf(true);
    assert.equal(context.emit(event as AsyncEvent), false);
    assert.equal(said.length, 1);
    assert.deepEqual({ ...said[0], message: "" }, { kind: "log", plugin: 3, level: "warn", message: "" });
    assert.match(
      JSON.stringify(said[0]),
      /asynchronous event \\"added\\" is not taken: its data must be text or bytes/,
    );
  });
}
