// SPDX-License-Identifier: Apache-2.0
// A plugin: an event source of doors that are opened, and fields for rules. examples/my-plugin.test.mjs runs it.
import { definePlugin, SDK_VERSION } from "peregrine/sdk";

export const plugin = definePlugin({
  name: "doors",
  version: "0.1.0",
  description: "Doors that are opened",
  contact: "you@example.com",
  sdk: SDK_VERSION,
  configSchema: {
    type: "object",
    properties: { doors: { type: "array", items: { type: "string" }, default: ["front", "cellar"] } },
  },
  init: (config) => config.doors,
  source: {
    id: 999,
    source: "doors",
    open: (doors, hours) => {
      const events = doors.flatMap((door) =>
        hours.split(" ").map((hour) => ({ data: JSON.stringify({ door, hour }) })),
      );
      return { nextBatch: () => ({ events, end: true }), close: () => {} };
    },
    eventToString: (_, event) => event.text(),
  },
  extractor: {
    fields: {
      "door.name": { type: "string", desc: "The door" },
      "door.hour": { type: "uint64", desc: "When it was opened" },
    },
    start: () => ({
      record: (event) => JSON.parse(event.text()),
      extract: { "door.name": ({ door }) => door, "door.hour": ({ hour }) => Number(hour) },
    }),
  },
});
