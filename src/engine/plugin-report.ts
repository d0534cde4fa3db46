// SPDX-License-Identifier: Apache-2.0

import type { PluginFault } from "../plugins/context.js";
import type { LogLevel } from "../sdk/index.js";

/** Something about a plugin that a user should know when it happens. */
export type PluginNews =
  | { readonly kind: "log"; readonly plugin: string; readonly level: LogLevel; readonly message: string }
  /** A call went wrong, and cost a value. */
  | ({ readonly kind: "fault"; readonly plugin: string } & PluginFault)
  /** It took a thread down, which is started again after `pause` ms; null: the plugin is given up. */
  | {
      readonly kind: "broke";
      readonly plugin: string;
      readonly part: "source" | "extractor";
      readonly message: string;
      readonly pause: number | null;
    }
  /** Its fields have no values from here on. */
  | { readonly kind: "off"; readonly plugin: string; readonly message: string };

/** What one plugin did in a run. */
export interface PluginReport {
  readonly name: string;
  readonly version: string;
  /** Events that it was asked about, and values that it was asked for. */
  readonly events: number;
  readonly values: number;
  readonly throws: number;
  readonly wrongTypes: number;
  /** Events that had to do without it. */
  readonly without: number;
  /** Times that its extractor was made anew after it had failed. */
  readonly restarts: number;
  /** Threads that it took down, and of these the ones in which it hung. */
  readonly deaths: number;
  readonly hangs: number;
  /** Asynchronous events that it has added and that their source, which has ended, has not written: they are lost. */
  readonly unwritten: number;
  /** Why it was given up; null: it was not. */
  readonly failure: string | null;
  /** Its own, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}
