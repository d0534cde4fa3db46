// SPDX-License-Identifier: Apache-2.0

import { DEFAULT_LIVE, type LiveSettings } from "../engine/watch.js";

interface LiveFlags {
  readonly lowLatency?: boolean;
  readonly plainTracepoints?: boolean;
}

/** How the kernel is watched. */
export function liveSettings(flags: LiveFlags): LiveSettings {
  return {
    ...DEFAULT_LIVE,
    lowLatency: flags.lowLatency === true,
    plainTracepoints: flags.plainTracepoints === true,
  };
}

/** A capture of what is seen; compressed if asked for, or if its name ends in .gz. Bounds of 0 are none. */
export function recordTo(path: string, gzip: boolean, mostBytes = 0, mostNs = 0): NonNullable<LiveSettings["record"]> {
  return { path, gzip: path.endsWith(".gz") || gzip ? 6 : 0, mostBytes, mostNs };
}
