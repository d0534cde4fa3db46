// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType } from "../batch/event-table.generated.js";
import { RecordWord } from "../batch/record.js";
import { type Binders, keyed, number, plain, text } from "./reading.js";

const IS_EXIT = Uint8Array.from(EVENTS, (event) => (event.exit ? 1 : 0));

/** Enter and exit were one event each once; what passed between them is not known any more. */
const zero = plain(number(() => 0));

const hostText = plain(text((e) => e.source.hostname));

/** Events of plugins name the plugin in their first parameter. */
const demandId = (type: number): number =>
  type === EventType.PLUGINEVENT_E || type === EventType.ASYNCEVENT_E ? 1 : 0;

/** What an event of a plugin shows of it: all that it has may be looked at. */
const demandAll = (type: number): number => (type === EventType.PLUGINEVENT_E ? 3 : demandId(type));

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
  "evt.source": plain(
    text((e) => e.sourceName),
    { demand: demandId },
  ),
  "evt.hostname": hostText,
  "evt.pluginname": plain(
    text((e) => e.plugins.get(e.pluginId)?.name ?? null),
    { demand: demandId },
  ),
  "evt.plugininfo": plain(
    text((e) => {
      if (e.type !== EventType.PLUGINEVENT_E) return null;
      const { pluginId } = e;
      const plugin = e.plugins.get(pluginId);
      return plugin === undefined ? `<the plugin with ID ${pluginId} is not loaded>` : plugin.info(e);
    }),
    { demand: demandAll },
  ),
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
