// SPDX-License-Identifier: Apache-2.0

import { ConfigFailure, type PluginContext } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import { Connection } from "./connection.js";
import type { LibraryDetails } from "./details.js";
import { checkEventSchema } from "./event-schema.js";
import { Capability, LinkStatus, Operation, Rc } from "./operations.js";
import { isDeath, type LibraryPlace, ownPlace } from "./place.js";
import { EventRequests } from "./requests.js";
import { answerFrom, type ThreadRows } from "./thread-rows.js";
import { AnswerReader, RequestWriter } from "./wire.js";

/** A process that dies again and again is started at once so often, then so much later each time, ms. */
const AT_ONCE = 3;
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 10_000;
/** After so many events without a death the next one is the first again. */
const EVENTS_OF_PEACE = 10_000;
/** What a library has to stop sending events out of turn when its source ends, ms: the end waits for it. */
const LAST_WORDS = 2000;

/**
 * A configuration as the library is given it: text as it is, anything else as JSON. None, for which an empty object may stand,
 * is an empty object where there is a schema and an empty text where there is none, as with Falco.
 */
function configText(config: unknown, hasSchema: boolean): string {
  const none = config === undefined || config === null || config === "";
  if (none || (typeof config === "object" && Object.keys(config).length === 0)) return hasSchema ? "{}" : "";
  return typeof config === "string" ? config : JSON.stringify(config);
}

interface Connected {
  readonly connection: Connection;
  readonly extractTypes: readonly number[];
  readonly parseTypes: readonly number[];
  readonly usesTables: boolean;
}

/** What `init` of a library makes in one thread: a state of the plugin, and the channel to it. */
export class LibraryState {
  readonly requests: EventRequests;
  /** Event types that it extracts from and parses, as it named them; empty: see its sources. */
  readonly extractTypes: readonly number[];
  readonly parseTypes: readonly number[];
  /** It has looked for a table when it was initialized. */
  readonly usesTables: boolean;

  private current: Connection;
  /** How it was started; null: it was not. */
  private running: { readonly threads: boolean; readonly events: boolean } | null = null;
  /** The process may be that of other threads too, and die of what they ask of it. */
  private shared = true;
  private deaths = 0;
  private mayStart = 0;
  private sentAtDeath = 0;

  /** @throws ConfigFailure where the plugin's init fails; PeregrineError where its process does */
  constructor(
    readonly details: LibraryDetails,
    private place: LibraryPlace,
    private readonly config: unknown,
    readonly context: PluginContext,
    private readonly threads: ThreadRows | null = null,
  ) {
    const { connection, extractTypes, parseTypes, usesTables } = this.connect();
    this.current = connection;
    this.extractTypes = extractTypes;
    this.parseTypes = parseTypes;
    this.usesTables = usesTables;
    this.requests = new EventRequests(details, connection);
    const end = (): void => {
      this.settle();
      this.connection.close();
    };
    context.signal.addEventListener("abort", end, { once: true });
  }

  get connection(): Connection {
    return this.current;
  }

  /** A new state of the plugin, initialized: where the shared process dies meanwhile, in one of its own. */
  private connect(): Connected {
    try {
      return this.connectOnce();
    } catch (error) {
      if (!this.shared || !isDeath(error)) throw error;
      this.part();
      return this.connectOnce();
    }
  }

  /** From now on it has a process of its own: what that dies of, this state has asked of it. */
  private part(): void {
    if (this.shared) this.place = ownPlace(this.place);
    this.shared = false;
  }

  private connectOnce(): Connected {
    const { details, place, config, context, threads } = this;
    const connection = new Connection(place, details.name, context);
    try {
      if (threads !== null) connection.link.onQuestion(answerFrom(threads));
      const text = configText(config, details.configSchema !== null);
      const { rc, answer } = connection.ask(Operation.INIT, "initializing", new RequestWriter().text(text));
      const reader = new AnswerReader(answer);
      const why = reader.text();
      if (rc === LinkStatus.NOT_LOADED) throw new ConfigFailure(`plugin ${details.name}: ${reader.text()}`);
      if (rc !== Rc.SUCCESS) throw this.refused(why);
      const extractTypes = readTypes(reader);
      const parseTypes = readTypes(reader);
      checkEventSchema(details, extractTypes, parseTypes);
      return { connection, extractTypes, parseTypes, usesTables: reader.word() !== 0 };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * Makes a new state where the process of this one has died, so that what killed it costs no other event. The new state has a
   * process of its own. One that dies again and again has to wait, each time longer.
   */
  revive(): void {
    if (!this.current.dead || Date.now() < this.mayStart) return;
    if (this.requests.sent - this.sentAtDeath > EVENTS_OF_PEACE) this.deaths = 0;
    this.sentAtDeath = this.requests.sent;
    const pause = ++this.deaths < AT_ONCE ? 0 : Math.min(FIRST_PAUSE * 2 ** (this.deaths - AT_ONCE), LONGEST_PAUSE);
    this.mayStart = Date.now() + pause;
    this.context.metric("process_restarts", "counter").add(1);
    this.part();
    this.current = this.connect().connection;
    this.requests.moveTo(this.current);
    const { running } = this;
    this.running = null;
    if (running !== null) this.startAsync(running.threads, running.events);
  }

  /** Asks the process for something. One that is shared may die of what another thread asks: its own is then asked again. */
  attempt<T>(work: () => T): T {
    this.revive();
    const { shared } = this;
    try {
      return work();
    } catch (error) {
      if (!shared || !this.current.dead || !isDeath(error)) throw error;
      this.revive();
      return work();
    }
  }

  /** From now on the plugin hears of the capture and, with `events`, may send events out of turn. */
  startAsync(threads: boolean, events = true): void {
    const can = Capability.LISTENING | (events ? Capability.ASYNC : 0);
    if ((this.details.capabilities & can) === 0 || this.running !== null) return;
    const names = events ? this.details.asyncNames : [];
    const request = new RequestWriter().word(threads ? 1 : 0).word(names.length);
    for (const name of names) request.text(name);
    const { rc, answer } = this.connection.ask(Operation.START, "starting a capture", request);
    if (rc !== Rc.SUCCESS) throw this.refused(new AnswerReader(answer).text());
    this.running = { threads, events };
  }

  /** Has the plugin send its state as events, to `context`; it must have been started. */
  dumpState(context: PluginContext): void {
    if (this.running?.events !== true) return;
    this.connection.stateContext = context;
    const { rc, answer } = this.connection.ask(Operation.DUMP, "dumping its state");
    this.connection.stateContext = null;
    if (rc === Rc.SUCCESS || rc === Rc.NOT_SUPPORTED) return;
    const why = new AnswerReader(answer).text();
    throw new PeregrineError("LIBRARY_STATE", `plugin ${this.details.name}: ${why}`, { file: this.details.path });
  }

  stopAsync(): void {
    if (this.running === null) return;
    this.running = null;
    this.connection.ask(Operation.STOP, "ending a capture");
  }

  /**
   * The plugin sends nothing out of turn from here on, and what it has sent is with its context. One that does not answer in
   * time has its process ended, which comes to the same.
   */
  settle(): void {
    if (this.running === null) return;
    this.running = null;
    try {
      this.connection.ask(Operation.STOP, "ending a capture", undefined, LAST_WORDS);
    } catch (error) {
      if (!(error instanceof PeregrineError)) throw error;
      this.context.log("warn", error.message);
    }
  }

  /** Has the plugin say its metrics as they are now, once more. */
  report(): void {
    if (this.connection.dead) return;
    this.connection.ask(Operation.METRICS, "its metrics were asked for");
  }

  /**
   * Gives a running plugin another configuration.
   * @throws ConfigFailure where it refuses it, and keeps the one it has
   */
  setConfig(config: unknown): void {
    const text = configText(config, this.details.configSchema !== null);
    const { rc, answer } = this.connection.ask(
      Operation.SET_CONFIG,
      "changing its configuration",
      new RequestWriter().text(text),
    );
    if (rc === Rc.NOT_SUPPORTED)
      throw new ConfigFailure(`plugin ${this.details.name} takes no configuration while it runs`);
    if (rc !== Rc.SUCCESS) throw new ConfigFailure(`plugin ${this.details.name}: ${new AnswerReader(answer).text()}`);
  }

  private refused(why: string): ConfigFailure {
    const message = `could not initialize plugin: ${why}`;
    const place = { file: this.details.path };
    return new ConfigFailure(message, { cause: new PeregrineError("LIBRARY_INIT", message, place) });
  }
}

function readTypes(reader: AnswerReader): readonly number[] {
  const count = reader.word();
  const types: number[] = [];
  for (let i = 0; i < count && !reader.failed; i++) types.push(reader.word());
  return types;
}
