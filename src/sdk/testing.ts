// SPDX-License-Identifier: Apache-2.0

import type { LogLevel, PluginContext } from "./context.js";
import type { AsyncEvent, PluginEvent } from "./event.js";
import type { ExtractorInstance, WantedField } from "./extractor.js";
import type { FieldArgument, FieldSpecs } from "./field.js";
import type { Plugin } from "./plugin.js";
import type { SourceInstance } from "./source.js";

/** A context without an engine: what the plugin says is kept. */
export class TestContext implements PluginContext {
  readonly logs: { readonly level: LogLevel; readonly message: string }[] = [];
  readonly emitted: AsyncEvent[] = [];
  readonly metrics = new Map<string, number>();
  readonly controller = new AbortController();

  constructor(
    readonly part: "source" | "extractor" = "source",
    readonly stateFolder: string | null = null,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  log(level: LogLevel, message: string): void {
    this.logs.push({ level, message });
  }

  metric(name: string) {
    const { metrics } = this;
    return {
      set: (value: number) => void metrics.set(name, value),
      add: (value: number) => void metrics.set(name, (metrics.get(name) ?? 0) + value),
    };
  }

  emit(event: AsyncEvent): boolean {
    this.emitted.push(event);
    return true;
  }
}

export interface OpenOptions {
  /** init_config; it is not checked against the schema here. */
  readonly config?: unknown;
  /** open_params. */
  readonly parameters?: string;
  readonly context?: TestContext;
}

/** Opens the plugin's source: the caller calls nextBatch, ack and close itself. */
export async function openSource(plugin: Plugin, options: OpenOptions = {}): Promise<SourceInstance> {
  const { source } = plugin.spec;
  if (source === undefined) throw new Error(`plugin ${plugin.spec.name} is no source`);
  const context = options.context ?? new TestContext();
  const state = plugin.spec.init(options.config ?? {}, context);
  return await source.open(state, options.parameters ?? "", context);
}

export interface TestEvent {
  readonly data: Uint8Array | string;
  readonly time?: bigint;
  readonly number?: number;
  readonly source?: string;
  readonly pluginId?: number;
}

/** The event that extractors see of `event`. */
export function pluginEvent(plugin: Plugin, event: TestEvent): PluginEvent {
  const data = typeof event.data === "string" ? Buffer.from(event.data) : event.data;
  let text: string | null = null;
  return {
    number: event.number ?? 1,
    time: event.time ?? 0n,
    source: event.source ?? plugin.spec.source?.source ?? "test",
    pluginId: event.pluginId ?? plugin.spec.source?.id ?? 999,
    data,
    text: () => {
      text ??= Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
      return text;
    },
  };
}

/** A field as a rule writes it, with its argument: `json.value[/a/b]`. */
function wantedField(text: string): WantedField {
  const open = text.indexOf("[");
  if (open === -1) return { field: text, argument: null };
  return { field: text.slice(0, open), argument: text.slice(open + 1, text.endsWith("]") ? -1 : undefined) };
}

function argumentOf(spec: FieldArgument | undefined, argument: string | null): unknown {
  if (argument === null || spec === undefined) return undefined;
  const index = /^(0|[1-9]\d*)$/.test(argument) ? Number(argument) : -1;
  if (spec.kind === "key") return argument;
  return spec.kind === "index" ? index : { key: argument, index };
}

/** A plugin's extractor for the fields named: a function from events to their values, null = absent. */
export function startExtractor(
  plugin: Plugin,
  fields: readonly string[],
  options: { readonly config?: unknown; readonly context?: TestContext } = {},
): (event: TestEvent) => Record<string, unknown> {
  const { extractor } = plugin.spec;
  if (extractor === undefined) throw new Error(`plugin ${plugin.spec.name} has no fields`);
  const context = options.context ?? new TestContext("extractor");
  const state = plugin.spec.init(options.config ?? {}, context);
  const wanted = fields.map(wantedField);
  const instance: ExtractorInstance<unknown, FieldSpecs> = extractor.start(state, wanted, context);
  const bound = wanted.map(({ field, argument }) => {
    const spec = extractor.fields[field];
    const extract = instance.extract[field];
    if (spec === undefined || extract === undefined)
      throw new Error(`plugin ${plugin.spec.name} has no field ${field}`);
    if (spec.argument === undefined) return extract as (record: unknown, event: PluginEvent) => unknown;
    const make = extract as unknown as (argument: unknown) => (record: unknown, event: PluginEvent) => unknown;
    return make(argumentOf(spec.argument, argument));
  });
  return (event) => {
    const seen = pluginEvent(plugin, event);
    const record = instance.record(seen);
    return Object.fromEntries(fields.map((name, i) => [name, bound[i]?.(record, seen) ?? null]));
  };
}
