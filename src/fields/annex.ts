// SPDX-License-Identifier: Apache-2.0

import { RecordWord } from "../batch/record.js";
import type { EventView } from "./view.js";

/** Word offset, in the ring, of the annex of the event's record; 0 where it has none. */
export function annexOf(e: EventView): number {
  const offset = e.words[e.o + RecordWord.ANNEX] as number;
  return offset === 0 ? 0 : e.o + offset;
}
