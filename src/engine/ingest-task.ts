// SPDX-License-Identifier: Apache-2.0

import type { MessagePort } from "node:worker_threads";
import type { ControlBuffer } from "../batch/control.js";
import type { GuardBuffer } from "../batch/guard.js";
import type { Memory } from "../batch/memory.js";
import type { RecentOptions } from "../capture/recent.js";
import type { LoadedPlugin } from "../plugins/info.js";
import type { WantedField } from "../sdk/index.js";
import type { LedgerBuffer } from "../telemetry/ledger.js";
import type { DropSettings } from "./drops.js";
import type { Faults } from "./faults.js";
import type { SweepLimit } from "./ingest.js";
import type { RulesDemand } from "./ingest-mail.js";
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
  /** The plugins that are at work in the thread; null: none. */
  readonly plugins: IngestPlugins | null;
  /** By plugin: where what libraries that parse extract goes. */
  readonly parsed: readonly (SharedArrayBuffer | null)[];
  readonly hostRoot: string | null;
  readonly containers: boolean;
  readonly sweep: SweepLimit;
  readonly faults: Faults | null;
}

/** What the thread of a source of system calls needs to run plugins. */
export interface IngestPlugins {
  readonly plugins: readonly LoadedPlugin[];
  readonly wanted: readonly (readonly WantedField[])[];
  readonly guard: GuardBuffer;
  /** Its block of the guard. */
  readonly thread: number;
  /** To main go plugins' messages; from main come events that plugins add. */
  readonly port: MessagePort;
}
