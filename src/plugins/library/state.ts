// SPDX-License-Identifier: Apache-2.0

import { ConfigFailure, type PluginContext } from "../../sdk/index.js";
import { PeregrineError } from "../../telemetry/errors.js";
import { Connection, type LibraryPlace } from "./connection.js";
import type { LibraryDetails } from "./details.js";
import { checkEventSchema } from "./event-schema.js";
import { Capability, LinkStatus, Operation, Rc } from "./operations.js";
import { EventRequests } from "./requests.js";
import { answerFrom, type ThreadRows } from "./thread-rows.js";
import { AnswerReader, RequestWriter } from "./wire.js";

/** A configuration as the library is given it: text as it is, anything else as JSON. */
export function configText(config: unknown, hasSchema: boolean): string {
  if (config === undefined || config === null || config === "") return hasSchema ? "{}" : "";
  return typeof config === "string" ? config : JSON.stringify(config);
}

/** What `init` of a library makes in one thread: a state of the plugin, and the channel to it. */
export class LibraryState {
  readonly connection: Connection;
  /** Event types that it extracts from and parses, as it named them; empty: see its sources. */
  readonly extractTypes: readonly number[];
  readonly parseTypes: readonly number[];

  readonly requests: EventRequests;
  private running = false;

  /** @throws ConfigFailure where the plugin's init fails; PeregrineError where its process does */
  constructor(
    readonly details: LibraryDetails,
    place: LibraryPlace,
    config: unknown,
    readonly context: PluginContext,
    threads: ThreadRows | null = null,
  ) {
    this.connection = new Connection(place, details.name, context);
    this.requests = new EventRequests(details, this.connection);
    if (threads !== null) this.connection.link.onQuestion(answerFrom(threads));
    try {
      const text = configText(config, details.configSchema !== null);
      const { rc, answer } = this.connection.ask(Operation.INIT, "initializing", new RequestWriter().text(text));
      const reader = new AnswerReader(answer);
      const why = reader.text();
      if (rc === LinkStatus.NOT_LOADED) throw new ConfigFailure(`plugin ${details.name}: ${reader.text()}`);
      if (rc !== Rc.SUCCESS) throw this.refused(why);
      this.extractTypes = readTypes(reader);
      this.parseTypes = readTypes(reader);
      checkEventSchema(details, this.extractTypes, this.parseTypes);
    } catch (error) {
      this.connection.close();
      throw error;
    }
    context.signal.addEventListener("abort", () => this.connection.close(), { once: true });
  }

  /** From now on the plugin may send events out of turn, and hears of the capture. */
  startAsync(threads: boolean): void {
    const hears = (this.details.capabilities & (Capability.ASYNC | Capability.LISTENING)) !== 0;
    if (!hears || this.running) return;
    const request = new RequestWriter()
      .word(threads ? 1 : 0)
      .word(0)
      .word(this.details.asyncNames.length);
    for (const name of this.details.asyncNames) request.text(name);
    const { rc, answer } = this.connection.ask(Operation.START, "starting a capture", request);
    if (rc !== Rc.SUCCESS) throw this.refused(new AnswerReader(answer).text());
    this.running = true;
  }

  stopAsync(): void {
    if (!this.running) return;
    this.running = false;
    this.connection.ask(Operation.STOP, "ending a capture");
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
