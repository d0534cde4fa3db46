// SPDX-License-Identifier: Apache-2.0

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { EncoderOptions } from "../alerts/options.js";
import type { OutputPlan } from "../alerts/output-plan.js";
import { Control, type ControlBuffer, ControlWord } from "../batch/control.js";
import { Guard, type GuardBuffer } from "../batch/guard.js";
import type { Memory } from "../batch/memory.js";
import { ServiceNames } from "../fields/services.js";
import { PluginHost } from "../plugins/host.js";
import { addsTo, type LoadedPlugin } from "../plugins/info.js";
import type { RuleSet } from "../rules/ruleset.js";
import type { WantedField } from "../sdk/index.js";
import { nowNs, threadCpuNs } from "../telemetry/clock.js";
import { Ledger, type LedgerBuffer } from "../telemetry/ledger.js";
import { WorkerTime, workerTimes } from "../telemetry/stage-times.js";
import { type CompiledRules, Evaluation, evaluateAll, type WorkerMessage } from "./evaluate.js";
import { createEvaluator, type EvaluatorSetup } from "./evaluator-parts.js";
import { type ArmedFaults, breakRows, faultyMatcher, random, waitForLead } from "./faults.js";
import type { EvaluatorParts } from "./parts.js";
import { threadId } from "./thread-id.js";

/** What the threads of one source share. */
export interface SharedBuffers {
  readonly memory: Memory;
  readonly control: ControlBuffer;
  readonly ledger: LedgerBuffer;
  readonly times: SharedArrayBuffer;
  readonly info: SharedArrayBuffer;
  /** By plugin: what libraries that parse have extracted; null for all others. */
  readonly parsed: readonly (SharedArrayBuffer | null)[];
}

/** One source as a worker sees it. */
export interface WorkerSource extends SharedBuffers {
  /** Name of the event source. */
  readonly name: string;
  /** Whether plugins may add events to it. */
  readonly added: boolean;
}

/** Rules, and all that depends on them. */
export interface RulesTask {
  /** Batches name it; versions count up from 0. */
  readonly version: number;
  readonly ruleSet: RuleSet;
  readonly encoder: EncoderOptions;
  readonly outputs: OutputPlan;
  /** By plugin: the fields that rules and outputs use. */
  readonly wanted: readonly (readonly WantedField[])[];
  /** By rule: ns after a match for which a capture is wanted, -1 = none is; null: no rule wants any. */
  readonly captures: Float64Array | null;
}

/** What main tells a worker while it works. */
export type ToWorker =
  | { readonly kind: "rules"; readonly rules: RulesTask }
  | { readonly kind: "withdraw"; readonly version: number };

/** Everything a worker needs for a run. Structured-cloned; the buffers are shared. */
export interface WorkerTask {
  readonly worker: number;
  /** The sources of the run. */
  readonly sources: readonly WorkerSource[];
  /** All event sources there are, whether or not the run has them. */
  readonly sourceNames: readonly string[];
  readonly plugins: readonly LoadedPlugin[];
  readonly guard: GuardBuffer;
  /** The rules of batches that may come, the newest last. */
  readonly rules: readonly RulesTask[];
  /** Text of the etc/services file that names ports; null: nobody does. */
  readonly services?: string | null;
  readonly port: MessagePort;
  readonly faults: ArmedFaults | null;
}

/** Loads the program ahead of its use; there is nothing else to do. */
export function warm(): void {}

/** A worker's one long task: compiles the rules, then evaluates batches of all sources until their inputs have ended. */
export async function evaluate(task: WorkerTask): Promise<void> {
  const cpu = threadCpuNs();
  const start = nowNs();
  const host = task.plugins.length === 0 ? null : await loadHost(task);
  const create = await evaluatorMaker(task);
  const compile = (rules: RulesTask, source: number): CompiledRules => compileRules(task, rules, source, host, create);
  const evaluations = task.sources.map((_, source) => createEvaluation(task, source, host, compile));
  // What is the worker's own and no source's stands beside the first source.
  const { times, control } = evaluations[0];
  times[WorkerTime.COMPILE] += nowNs() - start;
  post(task, { kind: "ready" });
  const hesitate = hesitation(task, control);
  let heard = 0;
  evaluateAll(evaluations, task.worker, () => {
    host?.look();
    hesitate();
    const offers = control.load(ControlWord.OFFERS);
    if (offers === heard) return;
    heard = offers;
    hear(task, evaluations, host, compile);
  });
  times[WorkerTime.CPU] += threadCpuNs() - cpu;
  task.port.close();
}

function post(task: WorkerTask, message: WorkerMessage): void {
  task.port.postMessage(message);
}

/** Takes what main has sent. */
function hear(
  task: WorkerTask,
  evaluations: readonly Evaluation[],
  host: PluginHost | null,
  compile: (rules: RulesTask, source: number) => CompiledRules,
): void {
  for (let entry = receiveMessageOnPort(task.port); entry !== undefined; entry = receiveMessageOnPort(task.port)) {
    const message = entry.message as ToWorker;
    if (message.kind === "withdraw") {
      for (const evaluation of evaluations) evaluation.withdraw(message.version);
      continue;
    }
    const { rules } = message;
    const { version } = rules;
    const start = nowNs();
    try {
      host?.want(rules.wanted);
      // All of them first: a source with new rules while another has none would be neither old nor new.
      const compiled = evaluations.map((_, source) => compile(rules, source));
      for (const [source, evaluation] of evaluations.entries()) evaluation.add(compiled[source]);
      post(task, { kind: "rules", version, error: null });
    } catch (error) {
      post(task, { kind: "rules", version, error: error instanceof Error ? error.message : String(error) });
    }
    evaluations[0].times[WorkerTime.COMPILE] += nowNs() - start;
  }
}

/** The plugins in this thread. */
function loadHost(task: WorkerTask): Promise<PluginHost> {
  const guard = new Guard(task.guard, task.worker);
  guard.begin(threadId());
  const controls = task.sources.map(({ control }) => new Control(control));
  return PluginHost.load({
    plugins: task.plugins,
    wanted: task.rules[task.rules.length - 1].wanted,
    guard,
    mayEmit: (plugin) =>
      task.sources.some(
        ({ name, added }, i) => added && controls[i].load(ControlWord.ENDED) === 0 && addsTo(plugin, name),
      ),
    post: (message) => post(task, { kind: "plugin", message }),
  });
}

function createEvaluation(
  task: WorkerTask,
  source: number,
  host: PluginHost | null,
  compile: (rules: RulesTask, source: number) => CompiledRules,
): Evaluation {
  const { memory, control, ledger, times, info, parsed } = task.sources[source];
  const context = {
    worker: task.worker,
    source,
    memory,
    control: new Control(control),
    ledger: new Ledger(ledger),
    times: workerTimes(times, task.worker),
    info,
    post: (message: WorkerMessage, transfer?: ArrayBuffer[]) => task.port.postMessage(message, transfer),
  };
  const evaluation = new Evaluation(
    context,
    task.rules.map((rules) => compile(rules, source)),
  );
  host?.attach(evaluation.view, parsed, memory.shape.ring);
  if (typeof task.services === "string") evaluation.view.services = new ServiceNames(task.services);
  if (task.faults?.newestRows === true) breakRows(evaluation.view.processes, memory.processes.heads);
  return evaluation;
}

type MakeEvaluator = (setup: EvaluatorSetup) => EvaluatorParts;

/** Where evaluators are made: tests bring their own. */
async function evaluatorMaker(task: WorkerTask): Promise<MakeEvaluator> {
  const module = task.faults?.modules?.evaluator;
  if (module === undefined) return createEvaluator;
  return ((await import(module)) as { createEvaluator: MakeEvaluator }).createEvaluator;
}

function compileRules(
  task: WorkerTask,
  rules: RulesTask,
  source: number,
  host: PluginHost | null,
  create: MakeEvaluator,
): CompiledRules {
  const { memory, name } = task.sources[source];
  const { version, ruleSet, captures } = rules;
  const { faults } = task;
  const made = create({
    ruleSet,
    encoder: rules.encoder,
    outputs: rules.outputs,
    source: name,
    sources: task.sourceNames,
    plugins: task.plugins,
    host,
    strings: memory.shape.strings,
    data: faults?.data,
  });
  const faulty = faults?.throwAt !== undefined || faults?.exitAt !== undefined;
  const parts = faulty ? { ...made, matcher: faultyMatcher(made.matcher, faults) } : made;
  return { version, parts, rules: ruleSet.rules.length, captures };
}

/** What a worker does before it claims a batch: nothing, unless a test wants it to be late. */
function hesitation(task: WorkerTask, control: Control): () => void {
  const { faults } = task;
  if (faults?.delay === undefined && faults?.ahead === undefined) return () => {};
  const next = random((faults.delay?.seed ?? 0) * 31 + task.worker);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  return () => {
    // One batch in four: sleeping before each would only make everything slow alike.
    if (faults.delay !== undefined && next() < 0.25) Atomics.wait(sleeper, 0, 0, next() * faults.delay.maxMs);
    if (faults.ahead !== undefined) waitForLead(control, faults.ahead);
  };
}
