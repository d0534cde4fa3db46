// SPDX-License-Identifier: Apache-2.0

import type { LiveSettings } from "../capture/live.js";

/** Where the events of a source come from, as plain data: the source itself is made of it in its ingest thread. */
export type SourceSpec = SyscallSpec | PluginSpec;

/** Sources of system calls, which have a state stage: `createSource` in ingest-parts.ts makes them. */
export type SyscallSpec = CaptureSpec | LiveSpec;

/** A capture file, plain or gzip. */
export interface CaptureSpec {
  readonly kind: "capture";
  readonly path: string;
}

/** The system calls of this machine. */
export interface LiveSpec {
  readonly kind: "live";
  readonly settings: LiveSettings;
}

/** The capture that events of a plugin's source are written to. */
export interface PluginRecord {
  readonly path: string;
  /** 1 to 9; 0: plain. */
  readonly gzip: number;
}

/** A plugin's source, in a thread of its own kind (plugin-thread.ts). */
export interface PluginSpec {
  readonly kind: "plugin";
  /** Its place among the plugins of the run. */
  readonly plugin: number;
  /** The capture that its events are written to as well. */
  readonly record?: PluginRecord;
}
