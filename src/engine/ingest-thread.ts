// SPDX-License-Identifier: Apache-2.0

import type { MessagePort } from "node:worker_threads";
import { Control, type ControlBuffer } from "../batch/control.js";
import type { Memory } from "../batch/memory.js";
import type { RecentOptions } from "../capture/recent.js";
import { threadCpuNs } from "../telemetry/clock.js";
import { PeregrineError } from "../telemetry/errors.js";
import { Ledger, type LedgerBuffer } from "../telemetry/ledger.js";
import { IngestTime, ingestTimes } from "../telemetry/stage-times.js";
import { DropMonitor, type DropSettings } from "./drops.js";
import type { Faults } from "./faults.js";
import { failureOf, Ingest, type SweepLimit } from "./ingest.js";
import { IngestMail, type RulesDemand } from "./ingest-mail.js";
import { createIngest, warmIngest } from "./ingest-parts.js";
import { Keeper } from "./keeper.js";
import type { IngestParts, IngestSetup } from "./parts.js";
import { SilenceMonitor } from "./silence.js";
import { InfoWriter } from "./source-info.js";
import type { SyscallSpec } from "./source-spec.js";

/** Everything ingest needs for one source of a run. */
export interface IngestTask {
  /** Name of the event source. */
  readonly name: string;
  readonly source: SyscallSpec;
  readonly memory: Memory;
  readonly control: ControlBuffer;
  readonly ledger: LedgerBuffer;
  readonly times: SharedArrayBuffer;
  readonly info: SharedArrayBuffer;
  /** What the rules and their outputs read. */
  readonly rules: RulesDemand;
  readonly recent: RecentOptions | null;
  /** When lost events are told; null: they are not. */
  readonly drops: DropSettings | null;
  /** Looks for events in a row that may find none; null: any number. */
  readonly silence: number | null;
  readonly port: MessagePort;
  readonly hostRoot: string | null;
  readonly containers: boolean;
  readonly sweep: SweepLimit;
  readonly faults: Faults | null;
}

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
  try {
    parts = await loadParts(task);
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
    sweep: task.sweep,
  });
  try {
    const end = loop.run();
    return { ...end, ...remains(parts) };
  } catch (error) {
    return { ...failed(error), ...remains(parts) };
  } finally {
    times[IngestTime.CPU] += threadCpuNs() - cpu;
    task.port.close();
  }
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
