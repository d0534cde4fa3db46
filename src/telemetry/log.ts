// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "pino";

/** What pino calls the levels of Falco's log_level. */
const LEVELS: Readonly<Record<string, string>> = {
  emergency: "fatal",
  alert: "fatal",
  critical: "fatal",
  error: "error",
  warning: "warn",
  notice: "info",
  info: "info",
  debug: "debug",
};

/** How long what is said first waits at the most, ms: by then the first alert is out, or there is none. */
const HELD_MS = 250;

type Method = "debug" | "info" | "warn" | "error";

/**
 * The program's log, on stderr: readable on a terminal, JSON otherwise. pino is loaded when there is time for it, off the
 * way to the first alert; what is said before then is kept.
 */
export class Log {
  private logger: Logger | null = null;
  private held: [Method, string, object][] = [];
  private loading: Promise<void> | null = null;

  constructor(private level = "info") {}

  setLevel(level: string): void {
    this.level = level;
    if (this.logger !== null) this.logger.level = LEVELS[level] ?? "info";
  }

  debug(message: string, fields: object = {}): void {
    this.say("debug", message, fields);
  }

  info(message: string, fields: object = {}): void {
    this.say("info", message, fields);
  }

  warn(message: string, fields: object = {}): void {
    this.say("warn", message, fields);
  }

  error(message: string, fields: object = {}): void {
    this.say("error", message, fields);
  }

  private say(method: Method, message: string, fields: object): void {
    if (this.logger !== null) {
      this.logger[method](fields, message);
      return;
    }
    // A run may take weeks, and what is told before it should not wait for its end.
    if (this.held.length === 0) setTimeout(() => void this.flush(), HELD_MS).unref();
    this.held.push([method, message, fields]);
  }

  /** Loads pino and writes what was said so far. Everything said afterwards is written at once. */
  async flush(): Promise<void> {
    if (this.held.length === 0 && this.logger === null) return;
    this.loading ??= this.load();
    await this.loading;
  }

  private async load(): Promise<void> {
    const { pino } = await import("pino");
    const options = { name: "peregrine", level: LEVELS[this.level] ?? "info" };
    if (process.stderr.isTTY) {
      const { default: pretty } = await import("pino-pretty");
      this.logger = pino(options, pretty({ sync: true, destination: 2, ignore: "pid,hostname,name" }));
    } else {
      this.logger = pino(
        { ...options, timestamp: pino.stdTimeFunctions.isoTime },
        pino.destination({ fd: 2, sync: true }),
      );
    }
    const held = this.held;
    this.held = [];
    for (const [method, message, fields] of held) this.logger[method](fields, message);
  }
}
