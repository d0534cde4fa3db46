// SPDX-License-Identifier: Apache-2.0

import type { MessagePort } from "node:worker_threads";
import type { EncoderOptions } from "../alerts/options.js";
import type { OutputPlan } from "../alerts/output-plan.js";
import { Control, type ControlBuffer } from "../batch/control.js";
import { Guard, type GuardBuffer } from "../batch/guard.js";
import type { Memory } from "../batch/memory.js";
import { ServiceNames } from "../fields/services.js";
import { PluginHost } from "../plugins/host.js";
import { type LoadedPlugin, SYSCALL } from "../plugins/info.js";
import type { RuleSet } from "../rules/ruleset.js";
import type { WantedField } from "../sdk/index.js";
import { nowNs, threadCpuNs } from "../telemetry/clock.js";
import { Ledger, type LedgerBuffer } from "../telemetry/ledger.js";
import { WorkerTime, workerTimes } from "../telemetry/stage-times.js";
import { Evaluation, evaluateAll, type WorkerMessage } from "./evaluate.js";
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
}

/** Everything a worker needs for a run. Structured-cloned; the buffers are shared. */
export interface WorkerTask {
  readonly worker: number;
  /** The sources of the run. */
  readonly sources: readonly WorkerSource[];
  /** All event sources there are, whether or not the run has them. */
  readonly sourceNames: readonly string[];
  readonly plugins: readonly LoadedPlugin[];
  /** By plugin: the fields that rules and outputs use. */
  readonly wanted: readonly (readonly WantedField[])[];
  readonly guard: GuardBuffer;
  readonly ruleSet: RuleSet;
  readonly encoder: EncoderOptions;
  readonly outputs: OutputPlan;
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
  const evaluations: Evaluation[] = [];
  for (const source of task.sources.keys()) evaluations.push(await createEvaluation(task, source, host));
  // What is the worker's own and no source's stands beside the first source.
  const { times, control } = evaluations[0];
  times[WorkerTime.COMPILE] += nowNs() - start;
  task.port.postMessage({ kind: "ready" } satisfies WorkerMessage);
  const hesitate = hesitation(task, control);
  const before = (): void => {
    host?.look();
    hesitate();
  };
  evaluateAll(evaluations, task.worker, before);
  times[WorkerTime.CPU] += threadCpuNs() - cpu;
  task.port.close();
}

/** The plugins in this thread. */
function loadHost(task: WorkerTask): Promise<PluginHost> {
  const guard = new Guard(task.guard, task.worker);
  guard.begin(threadId());
  return PluginHost.load({
    plugins: task.plugins,
    wanted: task.wanted,
    guard,
    mayEmit: ({ asyncEvents, source }) =>
      task.sources.some(({ name }) => asyncEvents?.sources?.includes(name) ?? (name !== SYSCALL || source === null)),
    post: (message) => task.port.postMessage({ kind: "plugin", message } satisfies WorkerMessage),
  });
}

async function createEvaluation(task: WorkerTask, source: number, host: PluginHost | null): Promise<Evaluation> {
  const { memory, control, ledger, times, info, parsed } = task.sources[source];
  const parts = await loadParts(task, source, host);
  const context = {
    worker: task.worker,
    source,
    rules: task.ruleSet.rules.length,
    memory,
    control: new Control(control),
    ledger: new Ledger(ledger),
    times: workerTimes(times, task.worker),
    info,
    post: (message: WorkerMessage, transfer?: ArrayBuffer[]) => task.port.postMessage(message, transfer),
  };
  const evaluation = new Evaluation(context, parts);
  host?.attach(evaluation.view, parsed, memory.shape.ring);
  if (typeof task.services === "string") evaluation.view.services = new ServiceNames(task.services);
  if (task.faults?.newestRows === true) breakRows(evaluation.view.processes, memory.processes.heads);
  return evaluation;
}

async function loadParts(task: WorkerTask, source: number, host: PluginHost | null): Promise<EvaluatorParts> {
  const { memory, name } = task.sources[source];
  const setup: EvaluatorSetup = {
    ruleSet: task.ruleSet,
    encoder: task.encoder,
    outputs: task.outputs,
    source: name,
    sources: task.sourceNames,
    plugins: task.plugins,
    host,
    strings: memory.shape.strings,
    data: task.faults?.data,
  };
  let create: (setup: EvaluatorSetup) => EvaluatorParts | Promise<EvaluatorParts> = createEvaluator;
  const module = task.faults?.modules?.evaluator;
  if (module !== undefined) {
    create = ((await import(module)) as { createEvaluator: (setup: EvaluatorSetup) => EvaluatorParts }).createEvaluator;
  }
  const parts = await create(setup);
  const { faults } = task;
  if (faults?.throwAt === undefined && faults?.exitAt === undefined) return parts;
  return { ...parts, matcher: faultyMatcher(parts.matcher, faults) };
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
