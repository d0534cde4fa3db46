// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import type { PipelineOptions } from "../engine/pipeline.js";
import type { LiveSettings } from "../engine/watch.js";
import { type LoadedPlugin, SYSCALL } from "../plugins/info.js";
import { sourcesOf } from "../plugins/sources.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { RunFlags } from "./context.js";
import type { HostFiles } from "./host.js";

/**
 * The event sources that --enable-source and --disable-source leave.
 * @throws PeregrineError SOURCE_UNKNOWN, OPTION_CONFLICT
 */
export function enabledSources(flags: RunFlags, plugins: readonly LoadedPlugin[]): ReadonlySet<string> {
  const { enableSource = [], disableSource = [] } = flags;
  const known = sourcesOf(plugins);
  if (enableSource.length > 0 && disableSource.length > 0) {
    const message = "You cannot specify --enable-source and --disable-source at the same time";
    throw new PeregrineError("OPTION_CONFLICT", message);
  }
  for (const name of [...enableSource, ...disableSource]) {
    if (known.includes(name)) continue;
    throw new PeregrineError("SOURCE_UNKNOWN", `Attempted to select an unknown event source: ${name}`);
  }
  const enabled = new Set(
    enableSource.length > 0 ? enableSource : known.filter((name) => !disableSource.includes(name)),
  );
  if (enabled.size === 0) throw new PeregrineError("OPTION_CONFLICT", "At least one event source needs to be enabled");
  return enabled;
}

/**
 * What is read in a run: a capture alone; else all plugins that are sources and enabled. The system calls of this machine are
 * watched where no plugin is a source, or --enable-source asks for them; never with engine.kind nodriver.
 * @throws PeregrineError SOURCE_UNKNOWN, OPTION_CONFLICT
 */
export function runSources(
  capture: string | null,
  flags: RunFlags,
  { kernel }: Pick<Config, "kernel">,
  plugins: readonly LoadedPlugin[],
  host: Pick<HostFiles, "hostRoot" | "containers">,
  settings: LiveSettings,
): readonly PipelineOptions[] {
  if (capture !== null) return [{ name: SYSCALL, spec: { kind: "capture", path: capture }, ...host }];
  const enabled = enabledSources(flags, plugins);
  const sources = plugins.flatMap(({ source, index }): PipelineOptions[] =>
    source === null || !enabled.has(source.name)
      ? []
      : [{ name: source.name, spec: { kind: "plugin", plugin: index }, hostRoot: null }],
  );
  const asked = flags.enableSource?.includes(SYSCALL) === true;
  const watched = kernel && enabled.has(SYSCALL) && (sources.length === 0 || asked);
  if (!watched && sources.length === 0) {
    throw new PeregrineError(
      "OPTION_CONFLICT",
      "At least one event source needs to be enabled: engine.kind is nodriver",
    );
  }
  return watched ? [{ name: SYSCALL, spec: { kind: "live", settings }, ...host }, ...sources] : sources;
}
