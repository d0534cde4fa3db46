// SPDX-License-Identifier: Apache-2.0

import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { Plugin } from "../sdk/index.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { PluginRef } from "./info.js";

let registered = false;

/**
 * Modules of plugins may import peregrine/sdk wherever they are, and may be TypeScript. Node needs help with that only
 * where the module does not find the SDK by itself; it costs a thread.
 */
function prepare(path: string): void {
  if (registered || (!path.endsWith(".ts") && findsSdk(path))) return;
  registered = true;
  register(new URL("./hooks.js", import.meta.url), { data: { sdk: new URL("../sdk/", import.meta.url).href } });
}

function findsSdk(path: string): boolean {
  try {
    createRequire(path).resolve("peregrine/sdk");
    return true;
  } catch {
    return false;
  }
}

const NAMED = z.looseObject({ plugin: z.looseObject({ spec: z.looseObject({ init: z.function() }) }) });

/**
 * Loads a plugin into this thread.
 * @param alone a library is given a process that no other thread uses: it does not die of what others ask of theirs
 * @throws PeregrineError PLUGIN_LOAD, LIBRARY_*
 */
export async function importPlugin(ref: PluginRef, alone = false): Promise<Plugin> {
  if (ref.kind === "library") {
    const { libraryPlace, loadLibrary } = await import("./library/load.js");
    const { sourcePlace } = await import("./library/place.js");
    const place = ref.place ?? libraryPlace(ref.path);
    return (await loadLibrary(alone ? sourcePlace(place) : place)).plugin;
  }
  prepare(ref.path);
  let module: unknown;
  try {
    module = await import(pathToFileURL(ref.path).href);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PeregrineError("PLUGIN_LOAD", `the module cannot be loaded: ${why}`, { file: ref.path }, { cause });
  }
  const named = NAMED.safeParse(module);
  if (!named.success) {
    const why = "the module exports no plugin: export const plugin = definePlugin({ ... })";
    throw new PeregrineError("PLUGIN_LOAD", why, { file: ref.path });
  }
  // What definePlugin made; a plugin that made it up itself is held to it by the checks of read-info.ts.
  return named.data.plugin as unknown as Plugin;
}
