// SPDX-License-Identifier: Apache-2.0

import { definePlugin, SDK_VERSION, type SourceEvent } from "../../src/sdk/index.js";

/** What the events look like: the numbers as text, or an audit record of some 300 bytes with the number in it. */
export interface NumbersConfig {
  readonly json: boolean;
}

interface Entry {
  readonly n?: number;
  readonly user?: { readonly name?: string };
}

const AROUND = {
  kind: "Event",
  stage: "ResponseComplete",
  verb: "create",
  source: ["10.0.0.7", "192.168.1.20"],
  object: { resource: "pods", namespace: "default", name: "some-pod-5d8f7c9b-x2x7k", api: "v1" },
  annotations: { decision: "allow", reason: "RBAC: allowed by a binding of this role" },
};

function dataOf(n: number, json: boolean): string {
  return json ? JSON.stringify({ n, user: { name: `user-${n % 100}` }, ...AROUND }) : String(n);
}

/** Batches that are made once and given again and again: what is measured is not the making of events. */
const DIFFERENT = 64;

/** A source of as many events as open_params says, and fields of them. */
export const plugin = definePlugin({
  name: "numbers",
  version: "1.0.0",
  description: "counts, for measurements",
  contact: "https://github.com/peregrine",
  sdk: SDK_VERSION,
  init: (config) => config as NumbersConfig,
  source: {
    id: 999,
    source: "numbers",
    open: ({ json }, parameters) => {
      const total = Number(parameters);
      const batches: SourceEvent[][] = [];
      let given = 0;
      return {
        nextBatch: (max) => {
          const size = Math.min(max, total - given);
          let events = size === max ? batches[(given / max) % DIFFERENT] : undefined;
          if (events === undefined) {
            events = Array.from({ length: size }, (_, i) => ({ data: dataOf(given + i, json) }));
            if (size === max) batches.push(events);
          }
          given += size;
          return { events, end: given === total };
        },
        close: () => {},
      };
    },
  },
  extractor: {
    fields: {
      "numbers.value": { type: "uint64", desc: "The number" },
      "numbers.text": { type: "string", desc: "The text, or the user's name" },
    },
    start: ({ json }) => ({
      record: (event): Entry => (json ? JSON.parse(event.text()) : { n: Number(event.text()) }),
      extract: {
        "numbers.value": (entry) => entry.n,
        "numbers.text": (entry, event) => entry.user?.name ?? event.text(),
      },
    }),
  },
});
