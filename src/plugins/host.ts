// SPDX-License-Identifier: Apache-2.0

import { type Guard, PluginCount } from "../batch/guard.js";
import { RingLayout, type RingShape } from "../batch/ring.js";
import type { EventPlugin, EventView } from "../fields/view.js";
import type {
  Extract,
  ExtractorInstance,
  FieldSpec,
  FieldSpecs,
  Plugin,
  PluginEvent,
  WantedField,
} from "../sdk/index.js";
import type { ArgumentValue } from "./argument.js";
import { BufferWatch } from "./buffer-watch.js";
import { HostContext, type PluginFault, type PluginMessage } from "./context.js";
import { converter, type Value, WRONG } from "./convert.js";
import { EventOfView } from "./event.js";
import type { ValueSource } from "./field.js";
import { appliesTo, type LoadedPlugin, takesType } from "./info.js";
import { ParsedReader, parsedExtractor } from "./library/parsed.js";
import { isWhole, typeOf } from "./library/typed-event.js";
import { Ahead, Lookahead } from "./lookahead.js";
import { importPlugin } from "./module.js";
import type { ValueSources } from "./resolver.js";

type AnyExtract = Extract<unknown, unknown>;
type MakeExtract = (argument: ArgumentValue) => AnyExtract;

export interface HostParts {
  readonly plugins: readonly LoadedPlugin[];
  /** By plugin: the fields that rules and outputs use. */
  readonly wanted: readonly (readonly WantedField[])[];
  readonly guard: Guard;
  /** Whether an asynchronous event of the plugin would find a source. */
  readonly mayEmit: (plugin: LoadedPlugin) => boolean;
  readonly post: (message: PluginMessage) => void;
}

/** Faults that are told one by one; later ones are counted, and told with the next one that is a power of two. */
const TOLD = 3;
/** Failures without a success between them after which a plugin is of no use. */
const HOPELESS = 1000;
/** A plugin that fails at its events is started again, after so many ms, twice as many, ... */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

/** Runs the plugins of one worker: their extractors, and the texts of their sources' events. */
export class PluginHost implements ValueSources {
  readonly event = new EventOfView();
  /** The events that come next. */
  readonly lookahead = new Lookahead();
  readonly buffers: BufferWatch;
  /** Counts events that plugins were asked about: what is known of one is known as long as this stands still. */
  stamp = 0;
  /** A plugin that must not be asked about the event in hand: it brought a thread down at it. -1: none. */
  private barred = -1;
  view: EventView | null = null;
  private number = -1;
  private readonly parsed = new Map<EventView, readonly (ParsedReader | null)[]>();
  private readonly runners: readonly Runner[];

  constructor(
    private readonly parts: HostParts,
    loaded: readonly Plugin[],
  ) {
    this.buffers = new BufferWatch(parts.plugins.map(({ policy }) => policy.memoryMb));
    this.runners = parts.plugins.map((plugin, i) => new Runner(this, parts, plugin, loaded[i]));
  }

  /** Loads the plugins into this thread and starts them. */
  static async load(parts: HostParts): Promise<PluginHost> {
    const loaded: Plugin[] = [];
    for (const { ref } of parts.plugins) loaded.push(await importPlugin(ref));
    const host = new PluginHost(parts, loaded);
    for (const runner of host.runners) runner.start();
    return host;
  }

  /** The sources among the plugins, by ID: what the fields of every source read of them. */
  get sources(): ReadonlyMap<number, EventPlugin> {
    const found = new Map<number, EventPlugin>();
    for (const runner of this.runners) {
      const { source, name } = runner.plugin;
      if (source !== null) found.set(source.id, { name, source: source.name, info: (e) => runner.info(e) });
    }
    return found;
  }

  /** Rules that use other fields came. A plugin is told when it starts: one of which more is asked now starts again. */
  want(wanted: readonly (readonly WantedField[])[]): void {
    for (const runner of this.runners) runner.want(wanted[runner.plugin.index] ?? []);
  }

  source(plugin: number, field: string, text: string | null, argument: ArgumentValue): ValueSource {
    return this.runners[plugin].values(field, text, argument);
  }

  /** Plugin `plugin` is not asked about the event with this number, of this view. -1: none. */
  bar(plugin: number): void {
    this.barred = plugin;
  }

  /** `view` is one of this worker's; what libraries that parse have extracted from its events stands in `parsed`. */
  attach(view: EventView, parsed: readonly (SharedArrayBuffer | null)[], ring: RingShape): void {
    const layout = new RingLayout(ring);
    const readers = parsed.map((buffer) => (buffer === null ? null : new ParsedReader(buffer, layout)));
    this.parsed.set(view, readers);
  }

  /** What library `plugin` has extracted from the view's events where they were parsed. */
  parsedBy(plugin: number, view: EventView): ParsedReader | null {
    return this.parsed.get(view)?.[plugin] ?? null;
  }

  /** Moves to the view's event. */
  move(e: EventView): void {
    if (e.number === this.number && e === this.view) return;
    this.view = e;
    this.number = e.number;
    this.stamp++;
    this.event.at(e);
  }

  /** Between two batches: ends the thread where plugins hold too many buffers; another one takes its place, without them. */
  look(): void {
    const verdict = this.buffers.look(performance.now());
    if (verdict === null) return;
    this.parts.guard.giveUp(verdict.plugin, verdict.mib);
    process.exit(1);
  }

  /** What is known of the event in hand is known no more: it is evaluated anew. */
  forget(): void {
    this.number = -1;
  }

  mayRun(plugin: number): boolean {
    return plugin !== this.barred;
  }
}

/** One field with its argument: the value for the event in hand. */
class BoundValue implements ValueSource {
  stamp = -1;
  private held: Value;
  extract: AnyExtract | null = null;
  private readonly convert: ReturnType<typeof converter>;

  constructor(
    private readonly host: PluginHost,
    private readonly runner: Runner,
    readonly field: string,
    private readonly spec: FieldSpec,
    private readonly argument: ArgumentValue,
  ) {
    this.convert = converter(spec);
  }

  /** Takes the function of a fresh instance. */
  bind(instance: ExtractorInstance<unknown, FieldSpecs>): void {
    const given: unknown = instance.extract[this.field];
    if (typeof given !== "function") throw new TypeError(`it has no extract function for ${this.field}`);
    const extract = this.spec.argument === undefined ? given : (given as MakeExtract)(this.argument);
    if (typeof extract !== "function") throw new TypeError(`its extract function for ${this.field} makes none`);
    this.extract = extract as AnyExtract;
  }

  value(e: EventView): Value {
    const { host } = this;
    host.move(e);
    if (this.stamp === host.stamp) return this.held;
    this.stamp = host.stamp;
    this.held = undefined;
    const { extract } = this;
    if (this.runner.ready() && extract !== null) this.held = this.runner.call(extract, this.field, this.convert);
    return this.held;
  }
}

/** One plugin in one worker. */
class Runner {
  private instance: ExtractorInstance<unknown, FieldSpecs> | null = null;
  private state: unknown;
  private readonly bound = new Map<string, BoundValue>();
  /** Stamp of the event whose record this is, and whether it could be made. */
  private recordStamp = -1;
  private record: unknown;
  private recordGood = false;
  /** Stamp of the event for which `ready` was answered. */
  private readyStamp = -1;
  private isReady = false;
  private readonly faults = new Map<PluginFault["what"], { count: number; told: number }>();
  private pause = FIRST_PAUSE;
  private nextStart = 0;
  private broken = false;
  /** Failures since the last call that went well. */
  private inRow = 0;
  private readonly context: HostContext;
  private readonly ahead: Ahead;
  /** The fields that rules and outputs use. */
  private wanted: readonly WantedField[];
  private readonly applies = (event: PluginEvent): boolean =>
    appliesTo(this.plugin, event.source, event.pluginId) &&
    (this.plugin.library === undefined || (takesType(this.plugin, typeOf(event)) && isWhole(event)));

  constructor(
    private readonly host: PluginHost,
    private readonly parts: HostParts,
    readonly plugin: LoadedPlugin,
    private readonly loaded: Plugin,
  ) {
    const { guard, post, mayEmit } = parts;
    this.wanted = parts.wanted[plugin.index];
    this.ahead = new Ahead(host.lookahead);
    this.context = new HostContext({
      plugin: plugin.index,
      part: "extractor",
      stateFolder: plugin.stateFolder,
      metrics: guard.metrics(plugin.index),
      signal: new AbortController().signal,
      asyncNames: plugin.asyncEvents?.names ?? [],
      mayEmit: () => mayEmit(plugin),
      post,
    });
  }

  values(field: string, text: string | null, argument: ArgumentValue): BoundValue {
    const key = text === null ? field : `${field}[${text}`;
    let value = this.bound.get(key);
    if (value === undefined) {
      const fields: FieldSpecs = this.plugin.extractor?.fields ?? {};
      value = new BoundValue(this.host, this, field, fields[field], argument);
      this.bound.set(key, value);
      const { instance } = this;
      if (instance !== null) {
        const made = value;
        this.inside(() => made.bind(instance));
      }
    }
    return value;
  }

  /** Fields that are used besides those that it was started for make it start again: batches of both may come. */
  want(wanted: readonly WantedField[]): void {
    const key = (field: WantedField): string => JSON.stringify(field);
    const known = new Set(this.wanted.map(key));
    const more = wanted.filter((field) => !known.has(key(field)));
    if (more.length === 0) return;
    this.wanted = [...this.wanted, ...more];
    this.start();
  }

  /** Makes the plugin's state and its extractor. What it does wrong is told, and it is started again later. */
  start(): void {
    const { plugin, loaded } = this;
    const { extractor } = loaded.spec;
    this.instance = null;
    const good = this.inside(() => {
      const parses = plugin.library?.parser != null;
      // What a library knows that parses is known where it does so: here it is asked for texts at the most.
      if (!parses || loaded.spec.source !== undefined) this.state = loaded.spec.init(plugin.config, this.context);
      if (extractor === undefined) return;
      const instance = parses ? this.parsedExtractor() : extractor.start(this.state, this.wanted, this.context);
      if (typeof instance?.record !== "function") throw new TypeError("its extractor's start gives no record function");
      for (const value of this.bound.values()) value.bind(instance);
      this.instance = instance;
    });
    this.broken = !good;
  }

  private parsedExtractor(): ExtractorInstance<unknown, FieldSpecs> {
    const { plugin, context, host } = this;
    return parsedExtractor({
      plugin: plugin.name,
      fields: plugin.extractor?.fields ?? {},
      wanted: this.wanted,
      context,
      readerOf: (view) => host.parsedBy(plugin.index, view),
      view: () => host.view,
    });
  }

  /** Whether the plugin has something to say about the event in hand. */
  ready(): boolean {
    if (this.readyStamp === this.host.stamp) return this.isReady;
    this.readyStamp = this.host.stamp;
    const { event } = this.host;
    const { index } = this.plugin;
    const { guard } = this.parts;
    this.isReady = false;
    if (!this.applies(event)) return false;
    if (!guard.on(index) || !this.host.mayRun(index) || !this.mended()) {
      guard.add(index, PluginCount.WITHOUT);
      return false;
    }
    guard.add(index, PluginCount.EVENTS);
    this.isReady = true;
    return true;
  }

  /** Calls an extract function; what it throws is counted and told, and makes no value, as does one of a wrong type. */
  call(extract: AnyExtract, field: string, convert: ReturnType<typeof converter>): Value {
    const { guard } = this.parts;
    const { index } = this.plugin;
    const { stamp, event } = this.host;
    if (this.recordStamp === stamp && !this.recordGood) return undefined;
    guard.add(index, PluginCount.VALUES);
    guard.enter(index);
    const { buffers } = this.host;
    const { measuring } = buffers;
    if (measuring) buffers.begin();
    let what = "record";
    try {
      if (this.recordStamp !== stamp) {
        this.recordStamp = stamp;
        this.recordGood = false;
        const { instance } = this;
        const { view } = this.host;
        if (instance?.ahead !== undefined && view !== null) this.ahead.tell(view.o, instance.ahead, this.applies);
        this.record = this.instance?.record(event);
        if (this.record instanceof Promise) this.record.catch(() => {});
        this.recordGood = true;
      }
      what = field;
      const raw = extract(this.record, event);
      const value = convert(raw);
      this.inRow = 0;
      if (value !== WRONG) return value;
      this.wrongType(field, raw);
    } catch (error) {
      this.threw(`${what}: ${messageOf(error)}`);
    } finally {
      guard.leave();
      if (measuring) buffers.end(index);
    }
    return undefined;
  }

  /** evt.plugininfo of the view's event. */
  info(e: EventView): string | null {
    const { eventToString } = this.loaded.spec.source ?? {};
    const { guard } = this.parts;
    const { index } = this.plugin;
    if (eventToString === undefined) return null;
    this.host.move(e);
    if (!guard.on(index) || !this.host.mayRun(index) || !this.mended()) return null;
    guard.enter(index);
    try {
      const text: unknown = eventToString(this.state, this.host.event);
      if (typeof text === "string") return Buffer.from(text, "utf8").toString("latin1");
      this.wrongType("eventToString", text);
    } catch (error) {
      this.threw(`eventToString: ${messageOf(error)}`);
    } finally {
      guard.leave();
    }
    return null;
  }

  wrongType(field: string, value: unknown): void {
    // A promise that fails later would take the thread with it.
    if (value instanceof Promise) value.catch(() => {});
    this.parts.guard.add(this.plugin.index, PluginCount.WRONG_TYPES);
    this.fault("type", `${field}: ${described(value)} is not of the declared type`);
  }

  private threw(message: string): void {
    this.parts.guard.add(this.plugin.index, PluginCount.THROWS);
    this.broken = true;
    this.fault("throw", message);
    if (++this.inRow !== HOPELESS) return;
    const why = `it failed ${HOPELESS} times in a row: ${message}`;
    this.parts.post({ kind: "fault", plugin: this.plugin.index, fault: { what: "hopeless", message: why, more: 0 } });
  }

  /**
   * Starts the plugin again where it has failed, though not too often: in between it goes on as it is, if it can. A plugin
   * that could not be started says nothing.
   */
  private mended(): boolean {
    if (!this.broken) return true;
    // It will be taken away; until main has heard of it, it is not asked any more.
    if (this.inRow >= HOPELESS) return false;
    const now = Date.now();
    if (now >= this.nextStart) {
      this.nextStart = now + this.pause;
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
      this.parts.guard.add(this.plugin.index, PluginCount.RESTARTS);
      this.start();
    }
    return this.instance !== null || this.loaded.spec.extractor === undefined;
  }

  /** Runs a call outside of any event. @returns whether it went well */
  private inside(work: () => void): boolean {
    const { guard } = this.parts;
    guard.enter(this.plugin.index);
    try {
      work();
      return true;
    } catch (error) {
      this.fault("start", messageOf(error));
      return false;
    } finally {
      guard.leave();
    }
  }

  private fault(what: PluginFault["what"], message: string): void {
    const known = this.faults.get(what) ?? { count: 0, told: 0 };
    this.faults.set(what, known);
    known.count++;
    const power = (known.count & (known.count - 1)) === 0;
    if (known.count > TOLD && !power) return;
    const more = known.count - known.told - 1;
    known.told = known.count;
    this.parts.post({ kind: "fault", plugin: this.plugin.index, fault: { what, message, more } });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function described(value: unknown): string {
  if (value instanceof Promise) return "a promise";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const text = typeof value === "string" || typeof value === "object" ? "" : ` ${String(value)}`;
  return `a ${typeof value}${text}`;
}
