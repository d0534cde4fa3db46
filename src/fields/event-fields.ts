// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../batch/event-table.generated.js";
import { RecordWord } from "../batch/record.js";
import { type Binders, keyed, number, plain, text } from "./reading.js";
import type { EventView } from "./view.js";

const IS_EXIT = Uint8Array.from(EVENTS, (event) => (event.exit ? 1 : 0));

/** Enter and exit were one event each once; what passed between them is not known any more. */
const zero = plain(number(() => 0));

const sourceText = (pick: (e: EventView) => string): ReturnType<typeof plain> => plain(text(pick));

/** Absent for events of this source: they come from no plugin. */
const ofPlugin = plain(
  keyed(
    () => -1,
    () => null,
  ),
);

/** What every event has, whatever it is. */
export const EVENT_FIELDS: Binders = {
  "evt.num": plain(number((e) => e.number)),
  "evt.cpu": plain(number((e) => (e.words[e.o + RecordWord.TYPE] as number) >> 16)),
  "evt.dir": plain(
    keyed(
      (e) => IS_EXIT[e.type] as number,
      (key) => (key === 1 ? "<" : ">"),
    ),
  ),
  "evt.source": sourceText((e) => e.source.name),
  "evt.hostname": sourceText((e) => e.source.hostname),
  "evt.pluginname": ofPlugin,
  "evt.plugininfo": ofPlugin,
  "evt.latency": zero,
  "evt.latency.s": zero,
  "evt.latency.ns": zero,
  "evt.latency.quantized": zero,
  "evt.wait_latency": zero,
  "evt.latency.human": plain(
    keyed(
      () => 0,
      () => "0ns",
    ),
  ),
  // A running number: workers can agree on the event's alone.
  "util.cnt": plain(number((e) => e.number)),
};
