// SPDX-License-Identifier: Apache-2.0

import type { MessagePort } from "node:worker_threads";
import type { ControlBuffer } from "../batch/control.js";
import type { GuardBuffer } from "../batch/guard.js";
import type { Memory } from "../batch/memory.js";
import type { PluginMessage } from "../plugins/context.js";
import type { LoadedPlugin } from "../plugins/info.js";
import type { Progress, WantedField } from "../sdk/index.js";
import type { LedgerBuffer } from "../telemetry/ledger.js";
import type { AddedEvent } from "./async-inbox.js";
import type { Failure } from "./ingest-thread.js";
import type { PluginRecord } from "./source-spec.js";

/** Everything that the thread of a plugin's source needs. */
export interface PluginTask {
  readonly plugin: LoadedPlugin;
  readonly memory: Memory;
  readonly control: ControlBuffer;
  readonly ledger: LedgerBuffer;
  readonly times: SharedArrayBuffer;
  readonly info: SharedArrayBuffer;
  readonly guard: GuardBuffer;
  /** Its block of the guard. */
  readonly thread: number;
  /** Whether somebody watches how far it is. */
  readonly progress: boolean;
  /** Dictionary ids of the names that asynchronous events can have. */
  readonly asyncNames: ReadonlyMap<string, number>;
  /** Its asynchronous events are for other sources of the run too: main hears of them. */
  readonly spreads: boolean;
  /** All plugins of the run, and by plugin the fields that rules and outputs use. */
  readonly plugins: readonly LoadedPlugin[];
  readonly fields: readonly (readonly WantedField[])[];
  /** By plugin: where what libraries that parse extract goes. */
  readonly parsed: readonly (SharedArrayBuffer | null)[];
  /** The capture that its events are written to as well. */
  readonly record: PluginRecord | null;
  /** Counts the threads that the source has had, this one included. */
  readonly life: number;
  readonly port: MessagePort;
}

/** What main tells the thread. */
export type ToPluginThread =
  /** No more events: what the plugin waits for should end soon. */
  | { readonly kind: "stop" }
  /** An asynchronous event, to be put among the others. */
  | { readonly kind: "async"; readonly added: AddedEvent };

/** What the thread tells main. */
export type FromPluginThread =
  | PluginMessage
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "end"; readonly end: PluginEnd };

/** How the thread's work ended. */
export type PluginEnd =
  /** The input has ended, or the run was stopped. */
  | { readonly kind: "done" }
  /** The source says that it cannot go on: nothing is tried again. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The plugin did what no plugin may do. */
  | { readonly kind: "fault"; readonly message: string };
