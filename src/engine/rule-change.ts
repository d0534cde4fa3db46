// SPDX-License-Identifier: Apache-2.0

import { batchesBetween, ControlWord } from "../batch/control.js";
import type { BaseSyscalls } from "../config/base-syscalls.js";
import type { Rule, RuleSet } from "../rules/ruleset.js";
import type { Crew } from "./crew.js";
import type { RunPlan } from "./demand.js";
import type { Pipeline } from "./pipeline.js";
import type { RulesTask } from "./worker-thread.js";

/** What is told of a rule that matched. */
export type NamedRule = Pick<Rule, "index" | "name" | "priority">;

function namesOf({ rules }: RuleSet): NamedRule[] {
  return rules.map(({ index, name, priority }) => ({ index, name, priority }));
}

/** From which event on a source's events are for the new rules. */
export interface ChangedSource {
  readonly source: string;
  /** Number of the last event for the rules before; null: of a plugin's source nobody counts them here. */
  readonly event: number | null;
}

/**
 * Gives a run other rules while it goes on. First every worker compiles them; where one cannot, nothing has changed. Then
 * each source stamps its batches with the new version from some batch on, and a worker evaluates a batch with the rules of
 * its stamp. So each event meets either the old rules or the new ones, and which does not depend on the workers.
 */
export class RuleChange {
  /** By version, those that could not be compiled among them: what the summary tells of rules, for as long as the run goes on. */
  readonly versions: NamedRule[][];
  private readonly waiting = new Map<Pipeline, (event: number | null) => void>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    first: RuleSet,
    private readonly crew: () => Crew | null,
    private readonly pipelines: readonly Pipeline[],
  ) {
    this.versions = [namesOf(first)];
  }

  /** One change after the other. @throws Error where a worker cannot compile the rules */
  change(
    rules: Omit<RulesTask, "version">,
    plan: RunPlan,
    base: BaseSyscalls | null,
  ): Promise<readonly ChangedSource[]> {
    const done = this.last.then(() => this.now(rules, plan, base));
    this.last = done.catch(() => {});
    return done;
  }

  private async now(
    rules: Omit<RulesTask, "version">,
    plan: RunPlan,
    base: BaseSyscalls | null,
  ): Promise<readonly ChangedSource[]> {
    // A version that fails is used up: answers that come late must not be taken for those of the next one.
    const version = this.versions.push(namesOf(rules.ruleSet)) - 1;
    await this.settled();
    await this.crew()?.add({ ...rules, version });
    return Promise.all(
      this.pipelines.map(async (pipeline) => ({
        source: pipeline.name,
        event: await this.tell(pipeline, version, rules.ruleSet, plan, base),
      })),
    );
  }

  private tell(
    pipeline: Pipeline,
    version: number,
    { rules }: RuleSet,
    plan: RunPlan,
    base: BaseSyscalls | null,
  ): Promise<number | null> {
    const { control, spec } = pipeline;
    if (spec.kind === "plugin") {
      control.store(ControlWord.UNWANTED, rules.some(({ source }) => source === pipeline.name) ? 0 : 1);
      control.store(ControlWord.RULES, version);
      return Promise.resolve(null);
    }
    if (control.load(ControlWord.ENDED) === 1) return Promise.resolve(null);
    pipeline.baseSyscalls = base;
    return new Promise((resolve) => {
      this.waiting.set(pipeline, resolve);
      pipeline.send({ kind: "rules", version, ...pipeline.demand(plan) });
    });
  }

  /** A source stamps its batches with the new version, or has ended (null). */
  changed(pipeline: Pipeline, event: number | null): void {
    this.waiting.get(pipeline)?.(event);
    this.waiting.delete(pipeline);
  }

  /** Waits until no batch of rules before the present ones is under way: workers keep two versions. */
  private async settled(): Promise<void> {
    const batches = this.pipelines.map(({ control }) => control.load(ControlWord.PUBLISHED));
    for (const [place, { control, delivery }] of this.pipelines.entries()) {
      while (batchesBetween(control.load(ControlWord.RELEASED), batches[place]) > 0 && !control.aborted) {
        // Workers do not tell of each batch: what is done by now would wait for the next alert.
        delivery.progress();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}
