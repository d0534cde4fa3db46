// SPDX-License-Identifier: Apache-2.0

import { CATALOG } from "../fields/catalog.generated.js";
import { listFields } from "../fields/registry.js";
import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import type { Log } from "../telemetry/log.js";
import { attends, extractionSources, type LoadedPlugin, type PluginPolicy, parses, SYSCALL } from "./info.js";
import { inspectPlugin } from "./inspect.js";
import { libraryPlace } from "./library/load.js";
import { locatePlugin } from "./locate.js";
import { sourcesOf } from "./sources.js";
import { hashOf, verifyFile } from "./verify.js";

/** A plugin as the configuration names it. */
export interface PluginRequest {
  /** Its name in the configuration. */
  readonly name: string;
  readonly libraryPath: string;
  /** init_config: what was written, where it is JSON as what it says; {} where there is none. */
  readonly config: unknown;
  readonly parameters: string;
  /** SHA-256 that the file must have; null: any. */
  readonly sha256: string | null;
  /** Where a shared library runs. */
  readonly process: "child" | "in-process";
  readonly policy: PluginPolicy;
  readonly stateFolder: string | null;
}

export interface LoadSettings {
  readonly log: Pick<Log, "debug" | "info" | "warn" | "error">;
  /** Whether plugins are initialised: without, they are only asked what they are. */
  readonly init?: boolean;
  readonly openParameters?: boolean;
  /** Whether they must go with each other, and be of use. */
  readonly together?: boolean;
}

/** Extracting fields of a batch may take so long at most, ms. */
const LONGEST_EXTRACTION = 5000;

function bad(code: ErrorCode, message: string): PeregrineError {
  return new PeregrineError(code, message);
}

/**
 * Loads plugins: finds each, checks its file, and asks it in a thread of its own what it is. Every load is logged.
 * @throws PeregrineError with a PLUGIN_ code at the first that cannot be loaded, or does not go with the others
 */
export async function loadPlugins(
  requests: readonly PluginRequest[],
  settings: LoadSettings,
): Promise<readonly LoadedPlugin[]> {
  const plugins: LoadedPlugin[] = [];
  for (const [index, request] of requests.entries()) plugins.push(await loadPlugin(request, index, settings));
  if (settings.together !== false) {
    for (const { name } of checkTogether(plugins)) {
      const message = `plugin ${name}: Peregrine has some of its fields itself on system calls, and uses its own`;
      settings.log.info(message, { plugin: name });
    }
  }
  return plugins;
}

async function loadPlugin(request: PluginRequest, index: number, settings: LoadSettings): Promise<LoadedPlugin> {
  const { name, libraryPath, parameters, policy, stateFolder } = request;
  const { log } = settings;
  const { kind, path, bundled } = locatePlugin(libraryPath);
  // Who may write the program itself is no question of its plugins.
  const sha256 = bundled && request.sha256 === null ? hashOf(path) : verifyFile(path, request.sha256);
  const place =
    kind === "library"
      ? {
          place: libraryPlace(path, {
            process: request.process,
            memoryMb: policy.memoryMb,
            timeouts: timeoutsOf(policy),
          }),
        }
      : {};
  const ref = { kind, path, sha256, ...place };
  const { info, config, openParameters, api } = await inspectPlugin(
    {
      ref,
      config: request.config,
      stateFolder,
      init: settings.init ?? true,
      openParameters: settings.openParameters ?? false,
    },
    policy.memoryMb,
    (level, message) => log[level](`plugin ${name}: ${message}`, { plugin: name }),
  );
  log.info(`plugin ${info.name} ${info.version} loaded from ${path}`, {
    ...{ plugin: info.name, path, sha256 },
    api: api === null ? `SDK ${info.sdk}` : `C API ${api}`,
  });
  return { ...info, index, ref, config, parameters, policy, stateFolder, openParameters };
}

/** A call that is slow is to cost the library's process, before the worker that waits for it is thought to hang. */
function timeoutsOf({ timeoutMs }: PluginPolicy): { readonly extract: number; readonly next: number } {
  return { extract: Math.min(timeoutMs, LONGEST_EXTRACTION), next: timeoutMs };
}

/**
 * Checks whether the plugins go together. A library may have fields that the engine has itself on system calls, such as those of
 * containers: Falco leaves them to a plugin.
 * @returns the plugins of which the engine has fields itself
 * @throws PeregrineError where two of the plugins cannot be together, or one is of no use with the others
 */
export function checkTogether(plugins: readonly LoadedPlugin[]): readonly LoadedPlugin[] {
  const doubled = new Set<LoadedPlugin>();
  const names = new Set<string>();
  const ids = new Map<number, string>();
  for (const { name, source } of plugins) {
    if (names.has(name)) throw bad("PLUGIN_DUPLICATE", `two plugins are named '${name}'`);
    names.add(name);
    if (source === null) continue;
    const other = ids.get(source.id);
    if (other !== undefined) {
      throw bad("PLUGIN_DUPLICATE", `plugins '${other}' and '${name}' both have the ID ${source.id}`);
    }
    ids.set(source.id, name);
  }
  const existing = sourcesOf(plugins);
  const providers = engineFields(existing);
  for (const plugin of plugins) {
    const sources = extractionSources(plugin, existing);
    const asyncSources = plugin.asyncEvents?.sources ?? (plugin.asyncEvents === null ? [] : existing);
    const shown = existing.some((name) => parses(plugin, name) || attends(plugin, name));
    const added = asyncSources.some((name) => existing.includes(name));
    const used = plugin.source !== null || sources.length > 0 || added || shown;
    if (!used) {
      const why = "is loaded but unused as not compatible with any known event source";
      throw bad("PLUGIN_UNUSED", `Plugin '${plugin.name}' ${why}`);
    }
    for (const source of sources) {
      for (const field of Object.keys(plugin.extractor?.fields ?? {})) {
        const key = `${source} ${field}`;
        const other = providers.get(key);
        if (other === ENGINE && source === SYSCALL && plugin.library !== undefined) {
          doubled.add(plugin);
          continue;
        }
        if (other !== undefined) {
          const message = `Plugin '${plugin.name}' supports extraction of field '${field}' that is overlapping for source '${source}': ${other} has it`;
          throw bad("PLUGIN_FIELD", message);
        }
        providers.set(key, `plugin '${plugin.name}'`);
      }
    }
  }
  return [...doubled];
}

const ENGINE = "Peregrine itself";

/** Who provides which field on which source: the engine's own. */
function engineFields(sources: readonly string[]): Map<string, string> {
  const providers = new Map<string, string>();
  for (const source of sources) {
    const entries = source === SYSCALL ? CATALOG : listFields(source);
    for (const { name } of entries) providers.set(`${source} ${name}`, ENGINE);
  }
  return providers;
}
