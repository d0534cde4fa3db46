// SPDX-License-Identifier: Apache-2.0

import { definePlugin, type Plugin, SDK_VERSION } from "../../src/sdk/index.js";

/** What a plugin for tests does wrong, by number of event; its configuration. */
export interface FaultConfig {
  readonly events?: number;
  readonly sourceThrowAt?: number;
  readonly sourceRejectAt?: number;
  readonly sourceHangAt?: number;
  readonly sourceExitAt?: number;
  readonly sourceExhaustAt?: number;
  readonly sourceBuffersAt?: number;
  /** From this event on it keeps a MiB of buffers for each. */
  readonly sourceKeepsFrom?: number;
  readonly sourceFloatAt?: number;
  readonly openThrows?: boolean;
  /** Each event is older than the one before. */
  readonly backwards?: boolean;
  readonly badDataAt?: number;
  readonly hugeAt?: number;
  readonly throwAt?: readonly number[];
  readonly hangAt?: number;
  readonly exitAt?: number;
  /** The thread ends at every event from this one on. */
  readonly exitFrom?: number;
  readonly exhaustAt?: number;
  readonly buffersAt?: number;
  readonly keepsFrom?: number;
  readonly keepsObjectsFrom?: number;
  readonly regexAt?: number;
  readonly endlessTextAt?: number;
  readonly floatAt?: number;
  readonly throwFrom?: number;
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

/** Memory that is really taken, outside of the heap. */
function mebibyte(): Buffer {
  return Buffer.alloc(1 << 20, Math.random());
}

function exhaustBuffers(): never {
  const held: Buffer[] = [];
  for (;;) held.push(mebibyte());
}

/** Takes longer than anybody lives: a backtracking engine tries all ways to cut the text into pieces. */
function catastrophe(): boolean {
  return /^(a+)+$/.test(`${"a".repeat(60)}b`);
}

/** Kept by the module, so that a fresh instance in the same thread would not free it. */
const kept: Buffer[] = [];
const keptObjects: number[][] = [];

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
        if (config.openThrows === true) throw new Error("the source broke");
        let next = 1;
        const event = (number: number) => {
          if (number === config.badDataAt) return { data: 5 as unknown as string };
          const time = BigInt(config.backwards === true ? 1_000_000_000 - number : number);
          return { data: number === config.hugeAt ? "x".repeat(20 << 20) : String(number), time };
        };
        return {
          nextBatch: (max) => {
            const events = [];
            while (events.length < Math.min(max, 50) && next <= (config.events ?? 100)) {
              if (next === config.sourceThrowAt) throw new Error("the source broke");
              if (next === config.sourceRejectAt) return Promise.reject(new Error("the source broke"));
              if (next === config.sourceHangAt) forever();
              if (next === config.sourceExitAt) process.exit(7);
              if (next === config.sourceExhaustAt) exhaust();
              if (next === config.sourceBuffersAt) exhaustBuffers();
              if (next === config.sourceFloatAt) void Promise.reject(new Error("nobody waits for it"));
              if (next >= (config.sourceKeepsFrom ?? Number.POSITIVE_INFINITY)) kept.push(mebibyte());
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
            if (number === config.exitAt || number >= (config.exitFrom ?? Number.POSITIVE_INFINITY)) process.exit(7);
            if (number >= (config.throwFrom ?? Number.POSITIVE_INFINITY)) throw new Error("the extractor broke");
            if (number === config.exhaustAt) exhaust();
            if (number === config.buffersAt) exhaustBuffers();
            if (number >= (config.keepsObjectsFrom ?? Number.POSITIVE_INFINITY)) {
              keptObjects.push(new Array(100_000).fill(number + 0.5));
            }
            if (number >= (config.keepsFrom ?? Number.POSITIVE_INFINITY)) kept.push(mebibyte());
            if (number === config.regexAt) return catastrophe() ? 1 : 2;
            if (number === config.endlessTextAt) return "x".repeat((16 << 20) + 1) as unknown as number;
            if (number === config.floatAt) void Promise.reject(new Error("nobody waits for it"));
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
