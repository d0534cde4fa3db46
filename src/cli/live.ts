// SPDX-License-Identifier: Apache-2.0

import { DEFAULT_LIVE, type LiveSettings } from "../engine/watch.js";

/** How the kernel is watched. */
export function liveSettings(flags: { readonly lowLatency?: boolean }): LiveSettings {
  return { ...DEFAULT_LIVE, lowLatency: flags.lowLatency === true };
}
