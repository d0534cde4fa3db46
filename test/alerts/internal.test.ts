// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { internalLine } from "../../src/alerts/internal.js";
import { DEFAULT_ALERT_OPTIONS } from "../../src/alerts/options.js";
import { clockText } from "../../src/fields/render/clock.js";

const ALERT = {
  rule: "Falco internal: syscall event drop",
  priority: 7,
  message: "Falco internal: syscall event drop. 3 system calls dropped in last second.",
  fields: { n_evts: "12", n_drops: "3" },
  time: 1_700_000_000_123_456_789n,
};

test("as JSON: no tags, and all of it whatever is left out of other alerts", () => {
  const options = { ...DEFAULT_ALERT_OPTIONS, kind: "json", hostname: "box", includeOutput: false } as const;
  assert.deepEqual(JSON.parse(internalLine(ALERT, options).toString()), {
    hostname: "box",
    output: ALERT.message,
    output_fields: { n_drops: "3", n_evts: "12" },
    priority: "Debug",
    rule: ALERT.rule,
    source: "internal",
    time: "2023-11-14T22:13:20.123456789Z",
  });
});

test("as text: local time, and the values as JSON", () => {
  const line = internalLine(ALERT, { kind: "text", iso8601: true }).toString();
  assert.equal(line, `${clockText(ALERT.time)}.123456789: Debug ${ALERT.message} (n_drops="3" n_evts="12")\n`);
});
