// SPDX-License-Identifier: Apache-2.0

import { Control } from "../batch/control.js";
import { threadCpuNs } from "../telemetry/clock.js";
import { PeregrineError } from "../telemetry/errors.js";
import { Ledger } from "../telemetry/ledger.js";
import { IngestTime, ingestTimes } from "../telemetry/stage-times.js";
import type { Companions } from "./companions.js";
import { DropMonitor } from "./drops.js";
import { failureOf, Ingest } from "./ingest.js";
import { IngestMail } from "./ingest-mail.js";
import { createIngest, warmIngest } from "./ingest-parts.js";
import type { IngestPlugins, IngestTask } from "./ingest-task.js";
import { Keeper } from "./keeper.js";
import type { IngestParts, IngestSetup } from "./parts.js";
import { SilenceMonitor } from "./silence.js";
import { InfoWriter } from "./source-info.js";

/** A failure that a user can meet, as plain data. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** Byte offset in the (inflated) input, -1 where it has none. */
  readonly offset: number;
}

export interface IngestResult {
  readonly events: number;
  readonly sections: number;
  readonly failure: Failure | null;
  readonly unknownTypes: readonly { readonly type: number; readonly count: number }[];
  readonly bytes: number;
  readonly inflateNs: number;
  readonly dictionary: { readonly strings: number; readonly bytes: number; readonly lost: number };
  readonly state: Readonly<Record<string, number>>;
}

/** Loads what a run will need, while the rules are still being read. */
export function warm(): void {
  warmIngest();
}

/** The ingest thread's one long task. */
export async function ingest(task: IngestTask): Promise<IngestResult> {
  const cpu = threadCpuNs();
  const control = new Control(task.control);
  const times = ingestTimes(task.times);
  let parts: IngestParts;
  let companions: Companions | null = null;
  try {
    parts = await loadParts(task);
    if (task.plugins !== null) companions = await loadCompanions(task, task.plugins, parts);
  } catch (error) {
    control.end();
    task.port.close();
    return failed(error);
  }
  const mail = new IngestMail(task.port);
  const { recent } = parts;
  const loop = new Ingest({
    mail,
    keeper: recent === undefined ? null : new Keeper(recent, control, mail, task.source.kind === "live"),
    drops: task.drops === null ? null : new DropMonitor(task.drops),
    silence: task.silence === null ? null : new SilenceMonitor(task.silence),
    memory: task.memory,
    control,
    ledger: new Ledger(task.ledger),
    times,
    info: new InfoWriter(task.info, task.name),
    parts,
    companions,
    sweep: task.sweep,
  });
  try {
    const end = loop.run();
    return { ...end, ...remains(parts) };
  } catch (error) {
    return { ...failed(error), ...remains(parts) };
  } finally {
    companions?.close();
    times[IngestTime.CPU] += threadCpuNs() - cpu;
    task.port.close();
  }
}

async function loadCompanions(task: IngestTask, plugins: IngestPlugins, parts: IngestParts): Promise<Companions> {
  const { Companions } = await import("./companions.js");
  return await Companions.load({ task, plugins, fdsOf: (tid) => parts.fdsOf(tid) });
}

async function loadParts(task: IngestTask): Promise<IngestParts> {
  const { source, memory, rules, recent, hostRoot, containers, faults } = task;
  const setup: IngestSetup = { source, memory, rules, recent, hostRoot, containers, data: faults?.data };
  const module = faults?.modules?.ingest;
  if (module === undefined) return createIngest(setup);
  return ((await import(module)) as { createIngest: (setup: IngestSetup) => IngestParts }).createIngest(setup);
}

function remains(parts: IngestParts) {
  const { source, interner } = parts;
  return {
    unknownTypes: source.unknownTypes(),
    bytes: source.bytes,
    inflateNs: source.inflateNs,
    dictionary: { strings: interner.count, bytes: interner.bytes, lost: interner.lost },
    state: parts.stageCounters(),
  };
}

/** The result of an input that could not be opened. What is no error for users is thrown on. */
function failed(error: unknown): IngestResult {
  if (!(error instanceof PeregrineError)) throw error;
  return {
    events: 0,
    sections: 0,
    failure: failureOf(error),
    unknownTypes: [],
    bytes: 0,
    inflateNs: 0,
    dictionary: { strings: 0, bytes: 0, lost: 0 },
    state: {},
  };
}
