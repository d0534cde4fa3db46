// SPDX-License-Identifier: Apache-2.0

import type { EventView } from "../fields/view.js";

/** Compiled rules of one source, as a worker uses them. */
export interface Matcher {
  /**
   * Evaluates the view's event.
   * @returns the number of rules that match; their indices stand in `hits`, in rule order. Allocates nothing.
   */
  match(e: EventView): number;
  readonly hits: Int32Array;
  /** Drops all that is remembered by dictionary id; to be called when a batch's generation differs from the last one's. */
  forget(): void;
}
