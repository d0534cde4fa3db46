// SPDX-License-Identifier: Apache-2.0

import type { FieldSpecs, JsonSchema, OpenParameter } from "../sdk/index.js";
import type { LibraryPlace } from "./library/place.js";
import type { LibraryTraits } from "./library/traits.js";

/** Where a plugin is, for any thread that is to run it. */
export interface PluginRef {
  /** module: JavaScript or TypeScript; library: a shared library with a C ABI. */
  readonly kind: "module" | "library";
  /** Absolute path of the file. */
  readonly path: string;
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** library: where it runs, the same for all threads. */
  readonly place?: LibraryPlace;
}

/** What a plugin says of itself, as plain data. */
export interface PluginInfo {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly contact: string;
  /** The SDK_VERSION it was made for. */
  readonly sdk: string;
  readonly configSchema: JsonSchema | null;
  readonly source: { readonly id: number; readonly name: string } | null;
  readonly extractor: {
    readonly fields: FieldSpecs;
    /** null: all sources of plugins. */
    readonly sources: readonly string[] | null;
  } | null;
  readonly asyncEvents: { readonly names: readonly string[]; readonly sources: readonly string[] | null } | null;
  /** Of a library. */
  readonly library?: LibraryTraits;
}

/** What is done about a plugin that breaks. */
export type OnFailure = "restart" | "disable" | "exit";

/** How much a plugin may ask for, and what happens when it breaks. */
export interface PluginPolicy {
  readonly onFailure: OnFailure;
  /** MiB that it may have: of heap and, apart from that, of buffers in a thread; of data in a library's process. */
  readonly memoryMb: number;
  /** A call that takes longer is a hang, ms. */
  readonly timeoutMs: number;
  /** It is given up when it breaks more often than this within ten minutes. */
  readonly restarts: number;
}

export const DEFAULT_POLICY: PluginPolicy = { onFailure: "restart", memoryMb: 512, timeoutMs: 10_000, restarts: 5 };

/** A plugin of this run: plain data that is sent to every thread that runs it. */
export interface LoadedPlugin extends PluginInfo {
  /** Its place among the loaded plugins. */
  readonly index: number;
  readonly ref: PluginRef;
  /** init_config, checked, with the schema's defaults. */
  readonly config: unknown;
  /** open_params. */
  readonly parameters: string;
  readonly policy: PluginPolicy;
  /** A folder that it may write to; null: none. */
  readonly stateFolder: string | null;
  /** What its source suggests to open, where that was asked for. */
  readonly openParameters: readonly OpenParameter[];
}

/** The event source of system calls. */
export const SYSCALL = "syscall";

/**
 * The event sources on whose events the plugin's fields have values, out of those that there are. A plugin that is a source
 * answers for the events of its own ID alone where the source is its own; see appliesTo.
 */
export function extractionSources(plugin: PluginInfo, existing: readonly string[]): readonly string[] {
  const { extractor, source } = plugin;
  if (extractor === null) return [];
  const named = extractor.sources ?? existing.filter((name) => name !== SYSCALL || takesSyscalls(plugin));
  return existing.filter((name) => named.includes(name) || name === source?.name);
}

/** Whether the plugin's fields have values on events of source `name` that plugin `id` made; 0: no plugin. */
export function appliesTo(plugin: PluginInfo, name: string, id: number): boolean {
  const { extractor, source } = plugin;
  // The source of an event is not known where the plugin that made it is not loaded.
  if (extractor === null || name === "") return false;
  if (source !== null && source.name === name) return source.id === id;
  if (extractor.sources !== null) return extractor.sources.includes(name);
  return name !== SYSCALL || takesSyscalls(plugin);
}

function takesSyscalls(plugin: PluginInfo): boolean {
  return plugin.library?.extractsSyscalls === true;
}

/** Whether the plugin has something to say about events of the type. */
export function takesType({ library }: PluginInfo, type: number): boolean {
  return library === undefined || library.extractTypes === null || library.extractTypes.includes(type);
}

/** Whether the plugin is shown the events of source `name`, to keep what they say; all of them, whoever made them. */
export function parses({ library }: PluginInfo, name: string): boolean {
  const { parser = null } = library ?? {};
  return parser !== null && name !== "" && (parser.sources === null || parser.sources.includes(name));
}

/** Whether asynchronous events of the plugin, if it has any, go to source `name`: its own, and those that it names; none named: all. */
function names({ asyncEvents, source }: PluginInfo, name: string): boolean {
  const sources = asyncEvents?.sources ?? null;
  return sources === null || sources.includes(name) || source?.name === name;
}

/** Whether the plugin's asynchronous events go to source `name`. */
export function addsTo(plugin: PluginInfo, name: string): boolean {
  return plugin.asyncEvents !== null && names(plugin, name);
}

/** Whether the plugin adds events to source `name`, or hears of its captures, in that source's thread. */
export function attends(plugin: PluginInfo, name: string): boolean {
  return plugin.library?.starts === true && names(plugin, name);
}
