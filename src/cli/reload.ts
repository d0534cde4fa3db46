// SPDX-License-Identifier: Apache-2.0

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.js";
import { alertEncoder } from "../engine/alerting.js";
import type { Running } from "../engine/run.js";
import type { Diagnostic } from "../rules/diagnostic.js";
import { loadRules, type RulesFile } from "../rules/load.js";
import type { RuleSet } from "../rules/ruleset.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { Context, RunFlags } from "./context.js";
import { Follower } from "./follower.js";
import { reloadAlert } from "./internal-alerts.js";
import type { Prepared } from "./prepare.js";
import { readRuleSources } from "./rules-files.js";
import { configOf, loadOptions } from "./settings.js";
import { type Teller, tellLeftOut } from "./watching.js";

export interface ReloadParts {
  readonly flags: RunFlags;
  readonly context: Context;
  /** What the run began with. */
  readonly ready: Prepared;
  /** Begins the run anew, if that is possible: more than the rules has changed. Told is what made us look. */
  readonly beginAnew: (why: string) => Promise<void>;
}

/** A run that can be changed. */
interface Target {
  readonly running: Running;
  readonly teller: Teller;
  /** Whether the kernel is watched. */
  readonly live: boolean;
}

/**
 * Loads the rules again while a run goes on: at SIGHUP, and when the files change. Where they have errors the present ones
 * stay, and the error is told as an alert. Of the configuration, what is about rules and their alerts changes with them;
 * where anything else is different by then, the run begins anew.
 */
export class Reload {
  private readonly follower: Follower;
  private target: Target | null = null;
  private known: string;
  private readonly rest: string;

  constructor(private readonly parts: ReloadParts) {
    const { ready, flags } = parts;
    this.rest = restOf(ready.config);
    this.known = digest(ready.files, flags);
    this.follower = new Follower((forced) => this.reload(forced));
    this.follow(ready.config, ready.files);
  }

  /** SIGHUP has come. */
  hangup(): void {
    this.follower.stir(true);
  }

  /** From now on there is a run. */
  begin(running: Running, teller: Teller, live: boolean): void {
    this.target = { running, teller, live };
  }

  close(): void {
    this.target = null;
    this.follower.close();
  }

  private follow(config: Config, files: readonly RulesFile[]): void {
    const { flags, ready } = this.parts;
    if (ready.capture !== null || !config.watching.followFiles) return;
    const named = flags.rules ?? config.rulesFiles;
    const own = flags.config === undefined ? [] : [flags.config];
    this.follower.follow([...own, ...named, ...files.map(({ path }) => path)]);
  }

  private async reload(forced: boolean): Promise<void> {
    const { flags, context, ready, beginAnew } = this.parts;
    const { target } = this;
    if (target === null) return;
    let config = ready.config;
    try {
      config = await configOf(flags, context);
      const files = readRuleSources(flags, config, context);
      const now = digest(files, flags);
      if (!forced && now === this.known) return;
      this.known = now;
      this.follow(config, files);
      const { ruleSet, diagnostics } = loadRules(files, loadOptions(flags, config, context, ready.plugins));
      const error = diagnostics.find(({ severity }) => severity === "error");
      if (error !== undefined) return this.failed(target, sentence(error), config);
      if (restOf(config) !== this.rest) return await beginAnew(forced ? "SIGHUP" : "Files have changed");
      for (const each of diagnostics) if (each.severity === "warning") context.log.warn(sentence(each));
      await this.change(target, ruleSet, config);
    } catch (error) {
      if (this.target === null) return;
      const code = error instanceof PeregrineError ? `${error.code}: ` : "";
      this.failed(target, `${code}${error instanceof Error ? error.message : String(error)}`, config);
    }
  }

  private async change({ running, live }: Target, rules: RuleSet, config: Config): Promise<void> {
    const { context } = this.parts;
    const changed = await running.change(rules, alertEncoder(config), live ? config.watching.base : null);
    const from = changed.flatMap(({ source, event }) => (event === null ? [] : [`${source} ${event + 1}`]));
    context.log.info(`the rules were loaded again: ${rules.rules.length} rules`, {
      rules: rules.rules.length,
      ...(from.length === 0 ? {} : { fromEvent: from.join(", ") }),
    });
    if (live) tellLeftOut(rules, config, context);
  }

  private failed({ teller }: Target, message: string, config: Config): void {
    const { log } = this.parts.context;
    log.error(`nothing is changed, since what the files hold now cannot be used: ${message}`, {
      code: "RELOAD_FAILED",
    });
    teller.alert(reloadAlert(message, alertEncoder(config)));
  }
}

function sentence({ file, line, column, code, message }: Diagnostic): string {
  return `${file}:${line}:${column}: ${code}: ${message}`;
}

/** What a configuration says beside what can change under a run. */
function restOf(config: Config): string {
  const {
    rulesFiles: _,
    selection: _s,
    matching: _m,
    priority: _p,
    appendOutput: _a,
    staticFields: _f,
    ...rest
  } = config;
  const { json: _j, includeOutput: _i, includeTags: _t, includeMessage: _g, includeOutputFields: _o, ...others } = rest;
  const { iso8601: _u, watching, ...fixed } = others;
  const { base: _b, followFiles: _w, ...watched } = watching;
  return JSON.stringify({ ...fixed, watched });
}

/** What the rules depend on: changes that change nothing are no reason to load them. */
function digest(files: readonly RulesFile[], { config }: RunFlags): string {
  const hash = createHash("sha256");
  for (const { path, content } of files) hash.update(`${path}\0${content}\0`);
  if (config !== undefined) hash.update(readFileSync(config));
  return hash.digest("hex");
}
