// SPDX-License-Identifier: Apache-2.0

import { DEFAULT_LIVE, type LiveSettings } from "../capture/live.js";
import type { Config } from "../config/config.js";
import type { RunFlags } from "./context.js";

/** How the kernel is watched, from the arguments and the configuration. */
export function liveSettings(flags: RunFlags, _config: Config): LiveSettings {
  return { ...DEFAULT_LIVE, lowLatency: flags.lowLatency === true };
}
