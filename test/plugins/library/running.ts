// SPDX-License-Identifier: Apache-2.0
import { type LibraryOptions, type LoadedLibrary, loadLibrary } from "../../../src/plugins/library/load.js";
import type { KeyOrIndex, SourceEvent, SourceInstance, WantedField } from "../../../src/sdk/index.js";
import { pluginEvent, TestContext, type TestEvent } from "../../../src/sdk/testing.js";

export interface Running {
  readonly library: LoadedLibrary;
  readonly context: TestContext;
  open(parameters: string, config?: unknown): Promise<SourceInstance>;
  extract(fields: readonly string[], config?: unknown): (event: TestEvent) => Record<string, unknown>;
}

/** Loads a library and closes it after the test. */
export async function running(
  test: { after(fn: () => void): void },
  path: string,
  options: LibraryOptions = {},
): Promise<Running> {
  const library = await loadLibrary(path, options);
  const context = new TestContext();
  test.after(() => {
    context.controller.abort();
    library.close();
  });
  const { spec } = library.plugin;
  return {
    library,
    context,
    open: async (parameters, config) => {
      const { source } = spec;
      if (source === undefined) throw new Error("no source");
      return await source.open(spec.init(config, context), parameters, context);
    },
    extract: (fields, config) => extractFields(library, fields, spec.init(config, context), context),
  };
}

/** All events until the end; the time of each is as the plugin gave it. */
export async function readAll(source: SourceInstance): Promise<SourceEvent[]> {
  const events: SourceEvent[] = [];
  for (;;) {
    const batch = await source.nextBatch(100, 1000);
    events.push(...batch.events);
    if (batch.end === true) return events;
  }
}

export function dataOf(event: SourceEvent): string {
  return typeof event.data === "string" ? event.data : Buffer.from(event.data).toString();
}

function wantedField(text: string): WantedField {
  const open = text.indexOf("[");
  return open < 0
    ? { field: text, argument: null }
    : { field: text.slice(0, open), argument: text.slice(open + 1, -1) };
}

function argumentOf(kind: "key" | "index" | "either", text: string | null): string | number | KeyOrIndex | undefined {
  if (text === null) return undefined;
  if (kind === "key") return text;
  if (kind === "index") return Number(text);
  return { key: text, index: /^(0|[1-9]\d*)$/.test(text) ? Number(text) : -1 };
}

export function extractFields(
  library: LoadedLibrary,
  fields: readonly string[],
  state: unknown,
  context: TestContext,
): (event: TestEvent) => Record<string, unknown> {
  const { extractor } = library.plugin.spec;
  if (extractor === undefined) throw new Error("no fields");
  const wanted = fields.map(wantedField);
  const instance = extractor.start(state, wanted, context);
  const reads = wanted.map(({ field, argument }) => {
    const spec = extractor.fields[field];
    const extract = instance.extract[field] as unknown;
    if (spec === undefined || typeof extract !== "function") throw new Error(`no field ${field}`);
    return spec.argument === undefined ? extract : extract(argumentOf(spec.argument.kind, argument));
  });
  return (event) => {
    const seen = pluginEvent(library.plugin, event);
    const record = instance.record(seen);
    return Object.fromEntries(fields.map((name, i) => [name, reads[i]?.(record, seen) ?? null]));
  };
}
