// SPDX-License-Identifier: Apache-2.0

import { definePlugin, type Plugin, SDK_VERSION } from "../../src/sdk/index.js";

/** What a plugin for tests does wrong, by number of event; its configuration. */
export interface FaultConfig {
  readonly events?: number;
  readonly sourceThrowAt?: number;
  readonly sourceRejectAt?: number;
  readonly sourceHangAt?: number;
  readonly sourceExitAt?: number;
  readonly badDataAt?: number;
  readonly hugeAt?: number;
  readonly throwAt?: readonly number[];
  readonly hangAt?: number;
  readonly exitAt?: number;
  readonly exhaustAt?: number;
  readonly wrongTypeAt?: number;
  readonly promiseAt?: number;
}

function forever(): never {
  for (;;) Math.random();
}

function exhaust(): never {
  const held: number[][] = [];
  for (;;) held.push(new Array(10_000).fill(Math.random()));
}

/** Events are the numbers from 1 on as text; `NAME.n` is that number, `NAME.text` the text. */
export function makePlugin(name: string, id: number, source: string): Plugin {
  return definePlugin({
    name,
    version: "1.2.3",
    description: "a plugin for tests",
    contact: "nobody",
    sdk: SDK_VERSION,
    init: (config) => config as FaultConfig,
    source: {
      id,
      source,
      open: (config) => {
        let next = 1;
        const event = (number: number) => {
          if (number === config.badDataAt) return { data: 5 as unknown as string };
          return { data: number === config.hugeAt ? "x".repeat(20 << 20) : String(number), time: BigInt(number) };
        };
        return {
          nextBatch: (max) => {
            const events = [];
            while (events.length < Math.min(max, 50) && next <= (config.events ?? 100)) {
              if (next === config.sourceThrowAt) throw new Error("the source broke");
              if (next === config.sourceRejectAt) return Promise.reject(new Error("the source broke"));
              if (next === config.sourceHangAt) forever();
              if (next === config.sourceExitAt) process.exit(7);
              events.push(event(next++));
            }
            return { events, position: next, end: next > (config.events ?? 100) };
          },
          close: () => {},
        };
      },
    },
    extractor: {
      fields: {
        [`${name}.n`]: { type: "uint64", desc: "the number" },
        [`${name}.text`]: { type: "string", desc: "the text" },
      },
      start: (config) => ({
        record: (event) => Number(event.text()),
        extract: {
          [`${name}.n`]: (number: number) => {
            if (config.throwAt?.includes(number) === true) throw new Error("the extractor broke");
            if (number === config.hangAt) forever();
            if (number === config.exitAt) process.exit(7);
            if (number === config.exhaustAt) exhaust();
            if (number === config.wrongTypeAt) return "no number" as unknown as number;
            if (number === config.promiseAt) return Promise.reject(new Error("late")) as unknown as number;
            return number;
          },
          [`${name}.text`]: (_record: unknown, event: { text(): string }) => event.text(),
        } as never,
      }),
    },
  });
}
