// SPDX-License-Identifier: Apache-2.0

import { parentPort, workerData } from "node:worker_threads";
import type { LogLevel, OpenParameter, Plugin } from "../sdk/index.js";
import { type ErrorCode, PeregrineError } from "../telemetry/errors.js";
import { checkConfig } from "./config-schema.js";
import { HostContext } from "./context.js";
import type { PluginInfo, PluginRef } from "./info.js";
import type { LibraryDetails } from "./library/details.js";
import { loadLibrary } from "./library/load.js";
import { LibraryState } from "./library/state.js";
import { traitsOf } from "./library/traits.js";
import { importPlugin } from "./module.js";
import { readInfo } from "./read-info.js";

/** What a thread that only looks at a plugin is asked. */
export interface InspectTask {
  readonly ref: PluginRef;
  readonly config: unknown;
  readonly stateFolder: string | null;
  /** Whether it is to be initialised: without, it is only asked what it is. */
  readonly init: boolean;
  /** Whether its source is asked what it suggests to open. */
  readonly openParameters: boolean;
}

export type InspectAnswer =
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string }
  | {
      readonly kind: "info";
      readonly info: PluginInfo;
      /** With the defaults of the plugin's schema. */
      readonly config: unknown;
      readonly openParameters: readonly OpenParameter[];
      /** Version of the C API that a library was made for; null: it is a module. */
      readonly api: string | null;
    }
  | { readonly kind: "error"; readonly code: ErrorCode; readonly message: string; readonly file: string | null };

function answer(message: InspectAnswer): void {
  parentPort?.postMessage(message);
}

async function inspect({ ref, config, stateFolder, init, openParameters }: InspectTask): Promise<void> {
  const library = ref.kind === "library" ? await loadLibrary(ref.place ?? ref.path) : null;
  const api = library?.details.api ?? null;
  const plugin = library?.plugin ?? (await importPlugin(ref));
  const info = readInfo(plugin, ref.path, library === null ? undefined : traitsOf(library.details));
  if (!init) return answer({ kind: "info", info, config, openParameters: [], api });
  if (info.configSchema !== null) checkConfig(info.name, info.configSchema, config);
  const state = initialise(plugin, info, config, stateFolder);
  const list = openParameters ? plugin.spec.source?.listOpenParams : undefined;
  const parameters = list === undefined ? [] : await list(state);
  const known = state instanceof LibraryState && library !== null ? traitsOfState(library.details, state) : {};
  answer({ kind: "info", info: { ...info, ...known }, config, openParameters: parameters, api });
}

/** A library names event types when it is initialized. */
function traitsOfState(
  details: LibraryDetails,
  { extractTypes, parseTypes, usesTables }: LibraryState,
): Pick<PluginInfo, "library"> {
  return { library: traitsOf(details, extractTypes, parseTypes, usesTables) };
}

function initialise(plugin: Plugin, { name }: PluginInfo, config: unknown, stateFolder: string | null): unknown {
  const context = new HostContext({
    plugin: 0,
    part: "source",
    stateFolder,
    metrics: new Float64Array(0),
    signal: new AbortController().signal,
    asyncNames: [],
    mayEmit: () => false,
    post: (message) => {
      if (message.kind === "log") answer({ kind: "log", level: message.level, message: message.message });
    },
  });
  try {
    return plugin.spec.init(config, context);
  } catch (cause) {
    // A plugin may have been built with another copy of the SDK, so its classes are known by their names.
    const own = cause instanceof Error && cause.name === "ConfigFailure";
    const why = cause instanceof Error ? cause.message : String(cause);
    const code = own ? "PLUGIN_CONFIG" : "PLUGIN_LOAD";
    const what = own ? "its configuration cannot be used" : "it cannot be initialised";
    throw new PeregrineError(code, `plugin '${name}': ${what}: ${why}`);
  }
}

inspect(workerData as InspectTask)
  .catch((error: unknown) => {
    const known = error instanceof PeregrineError;
    answer({
      kind: "error",
      code: known ? error.code : "PLUGIN_LOAD",
      message: error instanceof Error ? error.message : String(error),
      file: known ? (error.place.file ?? null) : null,
    });
  })
  // What the plugin has left running is not waited for.
  .finally(() => process.exit(0));
