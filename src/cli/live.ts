// SPDX-License-Identifier: Apache-2.0

import { readlinkSync } from "node:fs";
import { cpus } from "node:os";
import type { KernelConfig } from "../config/watching.js";
import { DEFAULT_LIVE, type LiveSettings } from "../engine/watch.js";
import type { Log } from "../telemetry/log.js";

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

/** The machine's own pid namespace, by a number that is the same in every kernel (PROC_PID_INIT_INO). */
const FIRST_NAMESPACE = "pid:[4026531836]";

/**
 * In a pid namespace of its own this process sees the calls of the whole machine, but not the processes that made them before:
 * not in /proc, and not by the kernel's iterators, which leave out what is outside.
 */
export function tellNamespace(log: Log, link = "/proc/self/ns/pid"): void {
  let own: string;
  try {
    own = readlinkSync(link);
  } catch {
    // Without /proc there is an error of its own.
    return;
  }
  if (own === FIRST_NAMESPACE) return;
  log.warn(
    "this is not the machine's own pid namespace: of processes that ran before, names, users and files are unknown",
    {
      code: "LIVE_NAMESPACE",
    },
  );
}

/** A capture of what is seen; compressed if asked for, or if its name ends in .gz. Bounds of 0 are none. */
export function recordTo(path: string, gzip: boolean, mostBytes = 0, mostNs = 0): NonNullable<LiveSettings["record"]> {
  return { path, gzip: path.endsWith(".gz") || gzip ? 6 : 0, mostBytes, mostNs };
}
