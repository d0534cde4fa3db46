// SPDX-License-Identifier: Apache-2.0

import type { MessagePort } from "node:worker_threads";
import type { EncoderOptions } from "../alerts/options.js";
import type { OutputPlan } from "../alerts/output-plan.js";
import { Control, type ControlBuffer } from "../batch/control.js";
import type { Memory } from "../batch/memory.js";
import type { RuleSet } from "../rules/ruleset.js";
import { nowNs, threadCpuNs } from "../telemetry/clock.js";
import { Ledger, type LedgerBuffer } from "../telemetry/ledger.js";
import { WorkerTime, workerTimes } from "../telemetry/stage-times.js";
import { type EvaluateContext, Evaluation, evaluateAll, type WorkerMessage } from "./evaluate.js";
import { createEvaluator, type EvaluatorSetup } from "./evaluator-parts.js";
import { type ArmedFaults, breakRows, faultyMatcher, random, waitForLead } from "./faults.js";
import type { EvaluatorParts } from "./parts.js";

/** Everything a worker needs for a run. Structured-cloned; the buffers are shared. */
export interface WorkerTask {
  readonly worker: number;
  readonly memory: Memory;
  readonly control: ControlBuffer;
  readonly ledger: LedgerBuffer;
  readonly times: SharedArrayBuffer;
  readonly info: SharedArrayBuffer;
  readonly ruleSet: RuleSet;
  readonly encoder: EncoderOptions;
  readonly outputs: OutputPlan;
  readonly port: MessagePort;
  readonly faults: ArmedFaults | null;
}

/** Loads the program ahead of its use; there is nothing else to do. */
export function warm(): void {}

/** A worker's one long task: compiles the rules, then evaluates batches until the input has ended. */
export async function evaluate(task: WorkerTask): Promise<void> {
  const cpu = threadCpuNs();
  const start = nowNs();
  const times = workerTimes(task.times, task.worker);
  const parts = await loadParts(task);
  const context: EvaluateContext = {
    worker: task.worker,
    rules: task.ruleSet.rules.length,
    memory: task.memory,
    control: new Control(task.control),
    ledger: new Ledger(task.ledger),
    times,
    info: task.info,
    post: (message: WorkerMessage, transfer?: ArrayBuffer[]) => task.port.postMessage(message, transfer),
  };
  const evaluation = new Evaluation(context, parts);
  if (task.faults?.newestRows === true) breakRows(evaluation.view.processes, task.memory.processes.heads);
  times[WorkerTime.COMPILE] += nowNs() - start;
  context.post({ kind: "ready" });
  evaluateAll(evaluation, context, hesitation(task, context.control));
  times[WorkerTime.CPU] += threadCpuNs() - cpu;
  task.port.close();
}

async function loadParts(task: WorkerTask): Promise<EvaluatorParts> {
  const setup: EvaluatorSetup = {
    ruleSet: task.ruleSet,
    encoder: task.encoder,
    outputs: task.outputs,
    strings: task.memory.shape.strings,
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
