// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import { type PipelineOptions, shapeFor } from "../engine/pipeline.js";
import { besidePath } from "../engine/plugin-recording.js";
import type { LiveSettings } from "../engine/watch.js";
import { type LoadedPlugin, SYSCALL } from "../plugins/info.js";
import { sourcesOf } from "../plugins/sources.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { RunFlags } from "./context.js";
import type { HostFiles } from "./host.js";
import { recordTo } from "./live.js";

type SourceFlags = Pick<RunFlags, "enableSource" | "disableSource">;

/**
 * The event sources that --enable-source and --disable-source leave.
 * @throws PeregrineError SOURCE_UNKNOWN, OPTION_CONFLICT
 */
export function enabledSources(flags: SourceFlags, plugins: readonly LoadedPlugin[]): ReadonlySet<string> {
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
 * The capture of each live source: one file, or where several are read one for each, with the source's name.
 * @throws PeregrineError OPTION_CONFLICT
 */
export function recordSources(
  reads: readonly PipelineOptions[],
  { write, gzip }: { readonly write?: string; readonly gzip?: boolean },
): readonly PipelineOptions[] {
  if (write === undefined) return reads;
  const bad = (message: string): PeregrineError => new PeregrineError("OPTION_CONFLICT", message);
  return reads.map((read) => {
    const { spec, name } = read;
    const record = recordTo(reads.length === 1 ? write : besidePath(write, name), gzip === true);
    if (spec.kind === "capture") throw bad("-w records what is watched; peregrine read CAPTURE -w copies a capture");
    if (spec.kind === "live") return { ...read, spec: { ...spec, settings: { ...spec.settings, record } } };
    if (write === "-") throw bad("events of plugins cannot be written to the standard output");
    return { ...read, spec: { ...spec, record } };
  });
}

/**
 * What is read in a run: a capture alone; else all plugins that are sources and enabled. The system calls of this machine are
 * watched where no plugin is a source, or --enable-source asks for them; never with engine.kind nodriver.
 * @throws PeregrineError SOURCE_UNKNOWN, OPTION_CONFLICT
 */
export function runSources(
  capture: string | null,
  flags: SourceFlags,
  { kernel }: Pick<Config, "kernel">,
  plugins: readonly LoadedPlugin[],
  host: Pick<HostFiles, "hostRoot" | "containers">,
  settings: LiveSettings,
): readonly PipelineOptions[] {
  if (capture !== null)
    return [{ name: SYSCALL, spec: { kind: "capture", path: capture }, ...host, ...shapeFor(plugins) }];
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
