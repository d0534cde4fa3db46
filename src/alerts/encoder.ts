// SPDX-License-Identifier: Apache-2.0

import type { EventView } from "../fields/view.js";
import type { Chunk } from "./chunk.js";

/** Writes what an event's matching rules give, a line for each. */
export interface Encoder {
  /** `hits[0..count)` are the indices of the rules that match the view's event, in rule order. */
  encode(e: EventView, hits: Int32Array, count: number, out: Chunk): void;
}
