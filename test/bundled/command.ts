// SPDX-License-Identifier: Apache-2.0

/** The command itself with a bundled plugin as its source, for tests that end it in ways that only a process can be ended. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../support/shared.js";

/** One line of the log. */
export interface LogLine {
  readonly msg: string;
  readonly level: string;
  readonly [key: string]: unknown;
}

export interface CommandSetup {
  /** A folder of its own; it may have served another process before. */
  readonly folder: string;
  readonly plugin: string;
  readonly openParams: string;
  readonly initConfig: object;
  /** Where alerts go; absent: alerts.txt in the folder. "stdout": the pipe of the process. */
  readonly output?: string;
  readonly rule?: string;
}

const RULE = (source: string, text: string): string => `- rule: every record
  desc: an alert for each record
  condition: evt.num > 0
  output: ${text}
  priority: INFO
  source: ${source}
`;

/** Writes falco.yaml and the rules, and starts `peregrine -c falco.yaml` on them. */
export function startCommand(setup: CommandSetup): Command {
  const { folder, plugin, openParams, initConfig, output = join(folder, "alerts.txt") } = setup;
  mkdirSync(folder, { recursive: true });
  const nats = plugin === "nats";
  const text = setup.rule ?? RULE(nats ? "nats" : "aws_cloudtrail", nats ? "id=%json.value[/eventID]" : "id=%ct.id");
  writeFileSync(join(folder, "rules.yaml"), text);
  const config = {
    rules_files: [join(folder, "rules.yaml")],
    load_plugins: [plugin, "json"],
    plugins: [
      { name: plugin, library_path: plugin, init_config: initConfig, open_params: openParams, state_folder: folder },
      { name: "json", library_path: "json" },
    ],
    stdout_output: { enabled: output === "stdout" },
    file_output: { enabled: output !== "stdout", keep_alive: false, filename: output },
  };
  // JSON is YAML.
  writeFileSync(join(folder, "falco.yaml"), JSON.stringify(config));
  return new Command(folder, output);
}

export class Command {
  readonly process: ChildProcess;
  /** Complete lines that came through the pipe. */
  readonly piped: string[] = [];
  readonly #exit: Promise<unknown>;
  #log = "";

  constructor(
    readonly folder: string,
    readonly output: string,
  ) {
    const args = [join(packageRoot, "bin/peregrine.js"), "-c", join(folder, "falco.yaml"), "--workers", "1"];
    this.process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    // Closed, not only exited: all of its log and of its alerts has come.
    this.#exit = once(this.process, "close");
    this.process.stderr?.setEncoding("utf8").on("data", (part: string) => {
      this.#log += part;
    });
    let rest = "";
    this.process.stdout?.setEncoding("utf8").on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop() ?? "";
      this.piped.push(...lines);
    });
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  get log(): readonly LogLine[] {
    return this.#log
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** IDs of the records that were alerted, in their order, also those of processes before that wrote to the same file. */
  ids(): string[] {
    const lines =
      this.output === "stdout"
        ? this.piped
        : existsSync(this.output)
          ? readFileSync(this.output, "utf8").split("\n").slice(0, -1)
          : [];
    return lines.flatMap((line) => /\bid=(\S+)/.exec(line)?.[1] ?? []);
  }

  /** Waits until something holds; the log is shown where the process ends before. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      assert.ok(this.running, `the process ended before: ${what}\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#exit;
  }

  async ended(): Promise<number | null> {
    await this.#exit;
    return this.process.exitCode;
  }

  /** An orderly end. */
  async stop(): Promise<Summary> {
    this.process.kill("SIGTERM");
    const code = await this.ended();
    assert.equal(code, 0, this.#log);
    return this.summary();
  }

  summary(): Summary {
    const line = this.log.find((each) => "ledger" in each);
    assert.ok(line !== undefined, this.#log);
    return new Summary(line);
  }
}

/** What the command says at its end. */
export class Summary {
  readonly ledger: Readonly<Record<string, number>>;
  readonly alerts: number;
  readonly #metrics: Readonly<Record<string, number>>;

  constructor(line: LogLine) {
    this.ledger = line["ledger"] as Record<string, number>;
    this.alerts = line["alerts"] as number;
    const plugins = line["plugins"] as readonly { metrics?: Record<string, number> }[];
    this.#metrics = Object.assign({}, ...plugins.map(({ metrics }) => metrics ?? {})) as Record<string, number>;
  }

  /** A metric of a plugin; 0 where it has none of the name. */
  metric(name: string): number {
    return Object.entries(this.#metrics).find(([each]) => each === name || each.endsWith(`.${name}`))?.[1] ?? 0;
  }

  /** Every record that was found went somewhere, and every one that was delivered was evaluated. */
  balances(): void {
    const parts = ["records_delivered", "records_repeated", "records_passed_over", "records_quarantined"];
    const sum = parts.reduce((total, name) => total + this.metric(name), 0);
    assert.equal(this.metric("records_found"), sum);
    assert.equal(this.ledger["evaluated"], this.metric("records_delivered"));
    assert.equal(this.ledger["seen"], this.ledger["evaluated"]);
  }
}
