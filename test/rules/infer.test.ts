// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { EVENTS, EventFlag, EventType } from "../../src/batch/event-table.generated.js";
import { inferEventTypes } from "../../src/rules/infer.js";
import { parseCondition } from "../../src/rules/parse.js";

function types(condition: string, asyncNames: readonly string[] = []): number[] {
  return inferEventTypes(parseCondition(condition), new Set(asyncNames));
}

const all = types("proc.name = x");
const ids = (...names: string[]): number[] => all.filter((id) => names.includes(EVENTS[id]?.name ?? ""));
const but = (...names: string[]): number[] => all.filter((id) => !names.includes(EVENTS[id]?.name ?? ""));

describe("inferEventTypes", () => {
  const table: readonly (readonly [string, readonly number[]])[] = [
    ["evt.type = openat", ids("openat")],
    ["evt.type == openat", ids("openat")],
    ["syscall.type = openat", ids("openat")],
    ["evt.type in (open, openat)", ids("open", "openat")],
    ["evt.type in ()", []],
    ["evt.type != openat", but("openat")],
    ["not evt.type = openat", but("openat")],
    ["not evt.type != openat", ids("openat")],
    ["not evt.type in (open, close)", but("open", "close")],
    ["evt.type = close or evt.type != openat", but("openat")],
    ["evt.type = openat or proc.name = x", all],
    ["evt.type = openat and proc.name = x", ids("openat")],
    ["not (evt.type = openat and proc.name = x)", all],
    ["not (evt.type = openat or proc.name = x)", but("openat")],
    ["evt.type = open and evt.type = close", []],
    ["(evt.type = open or evt.type = close) and not evt.type = open", ids("close")],
    ["evt.type exists", all],
    ["not evt.type exists", []],
    ["evt.type contains open", all],
    ["not evt.type contains open", all],
    ["evt.type = anyof (open, close)", ids("open", "close")],
    ["not evt.type = anyof (open, close)", but("open", "close")],
    ["evt.type != allof (open, close)", but("open", "close")],
    ["not evt.type != allof (open, close)", ids("open", "close")],
    ["evt.type = oneof (open)", all],
    ["not evt.type = oneof (open, open)", all],
    ["evt.type = val(evt.type)", all],
    ["evt.num = 0", []],
    ["evt.num < 1", []],
    ["evt.num <= 0", []],
    ["evt.num < 0", []],
    ["evt.num in (0)", []],
    ["evt.num in ()", []],
    ["not evt.num = 0", all],
    ["evt.num != 0", all],
    ["not evt.num != 0", []],
    ["not evt.num > 0", []],
    ["not evt.num >= 0", []],
    ["not evt.num >= 1", []],
    ["evt.num = 5", all],
    ["not evt.num = 5", all],
    ["evt.type = open and evt.num = 0", []],
    ["evt.type = open or evt.num = 0", ids("open")],
    ["evt.type = read and evt.is_io = true", ids("read")],
  ];
  for (const [condition, expected] of table) it(condition, () => assert.deepEqual(types(condition), expected));

  it("knows only types that are delivered", () => {
    for (const id of all) {
      const info = EVENTS[id];
      assert.ok(info !== undefined && (info.flags & (EventFlag.OLD_VERSION | EventFlag.UNUSED)) === 0);
    }
    assert.ok(!all.includes(EventType.SYSCALL_OPEN_E));
    assert.ok(all.includes(EventType.PROCEXIT_1_E));
  });

  it("a call without an event of its own is the generic one", () => {
    assert.deepEqual(types("evt.type = getrandom or evt.type = sysinfo"), [EventType.GENERIC_X]);
  });

  it("names that plugins declare are asynchronous events", () => {
    assert.deepEqual(types("evt.type = container_added", ["container_added"]), [EventType.ASYNCEVENT_E]);
    assert.deepEqual(types("evt.type = container_added"), []);
  });
});
