// SPDX-License-Identifier: Apache-2.0

import { cpus } from "node:os";
import type { KernelConfig } from "../config/watching.js";
import { DEFAULT_LIVE, type LiveSettings } from "../engine/watch.js";

interface LiveFlags {
  readonly lowLatency?: boolean;
  readonly plainTracepoints?: boolean;
}

/** The kernel takes no more for one ring than fits into a size of 32 bits. */
const MOST_RING = 2 ** 30;

/** How the kernel is watched. */
export function liveSettings(flags: LiveFlags, kernel: KernelConfig, processors = cpus().length): LiveSettings {
  return {
    ...DEFAULT_LIVE,
    ringBytes: ringBytes(kernel, processors),
    snaplen: kernel.snaplen,
    dropFailed: kernel.dropFailed,
    noIterators: kernel.noIterators,
    lowLatency: flags.lowLatency === true,
    plainTracepoints: flags.plainTracepoints === true,
  };
}

/**
 * The one ring has the room of all the buffers that Falco would make, so that a configuration of Falco's loses no more here:
 * a power of two, as the kernel wants it.
 */
function ringBytes({ bufferBytes, cpusForEachBuffer }: KernelConfig, processors: number): number {
  const buffers = cpusForEachBuffer === 0 ? 1 : Math.ceil(processors / cpusForEachBuffer);
  return Math.min(bufferBytes * 2 ** Math.ceil(Math.log2(buffers)), MOST_RING);
}

/** A capture of what is seen; compressed if asked for, or if its name ends in .gz. Bounds of 0 are none. */
export function recordTo(path: string, gzip: boolean, mostBytes = 0, mostNs = 0): NonNullable<LiveSettings["record"]> {
  return { path, gzip: path.endsWith(".gz") || gzip ? 6 : 0, mostBytes, mostNs };
}
