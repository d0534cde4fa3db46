// SPDX-License-Identifier: Apache-2.0

import { type PluginInfo, SYSCALL } from "./info.js";

/** The event sources that there are with these plugins, that of system calls first. */
export function sourcesOf(plugins: readonly PluginInfo[]): readonly string[] {
  return [...new Set([SYSCALL, ...plugins.flatMap(({ source }) => (source === null ? [] : [source.name]))])];
}
