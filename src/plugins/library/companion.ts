// SPDX-License-Identifier: Apache-2.0

import { attends, type LoadedPlugin } from "../info.js";

/** Whether the thread of a source has work for the plugin: it parses, sends events out of turn, or listens. */
export function isCompanion(plugin: LoadedPlugin, source: string, own: number): boolean {
  if (plugin.library === undefined) return false;
  return plugin.library.parser !== null || (plugin.index !== own && attends(plugin, source));
}
