// SPDX-License-Identifier: Apache-2.0

import { EventFlag } from "../batch/event-table.generated.js";
import { FD_ROW_WORDS, FdWord } from "../batch/fd-rows.js";
import { demandReturn, EVENT_CATEGORY, eventInfo, FLAGS, IS_IO_CATEGORY, indexOfParam } from "./events.js";
import type { FieldValue } from "./field.js";
import { type Binders, bool, keyed, number, plain } from "./reading.js";
import { isFile, isInternet } from "./render/fd.js";
import { rawText } from "./render/param.js";
import { returnValue } from "./result.js";
import { ABSENT_VALUE, textValue } from "./value.js";
import type { EventView } from "./view.js";

const DATA = indexOfParam("data");

/** The I/O payload; null where the event has none. */
function buffer(e: EventView): string | null {
  const index = DATA[e.type] as number;
  if (index < 0 || index >= e.nparams) return null;
  if (!e.has(index)) return "";
  const param = eventInfo(e.type).params[index];
  if (param?.kind !== "blob") return "";
  const at = e.words[e.o + param.word] as number;
  return e.bytes.toString("latin1", at, at + (e.words[e.o + param.word + 1] as number));
}

function bufferValue(e: EventView): FieldValue {
  const index = DATA[e.type] as number;
  return index < 0 || index >= e.nparams ? ABSENT_VALUE : textValue(rawText(e, eventInfo(e.type), index));
}

/** Bytes that an I/O call moved: its return value where that is no error, and the fd is known. */
function moved(e: EventView, wanted: boolean): number {
  if (!wanted || e.fdRow === 0) return Number.NaN;
  const value = returnValue(e);
  return value >= 0 ? value : Number.NaN;
}

const reads = (e: EventView): boolean => EVENT_CATEGORY[e.type] === "io_read";
const writes = (e: EventView): boolean => EVENT_CATEGORY[e.type] === "io_write";
const anyIo = (e: EventView): boolean => IS_IO_CATEGORY[e.type] === 1;
const onFile = (e: EventView): boolean => isFile(e.fds[e.fdRow * FD_ROW_WORDS + FdWord.KIND] as number);
const onNet = (e: EventView): boolean => isInternet(e.fds[e.fdRow * FD_ROW_WORDS + FdWord.KIND] as number);

const length = (wanted: (e: EventView) => boolean): ReturnType<typeof plain> =>
  plain(
    number((e) => moved(e, wanted(e))),
    { demand: (type) => (IS_IO_CATEGORY[type] === 1 ? demandReturn(type) : 0) },
  );

const READS_OR_WRITES = EventFlag.READS_FROM_FD | EventFlag.WRITES_TO_FD;

const flagged = (mask: number): ReturnType<typeof plain> =>
  plain(bool((e) => (((FLAGS[e.type] as number) & mask) !== 0 ? 1 : 0)));

const READ = 0;
const WRITE = 1;

function direction(e: EventView): number {
  const flags = FLAGS[e.type] as number;
  if ((flags & EventFlag.WRITES_TO_FD) !== 0) return WRITE;
  return (flags & EventFlag.READS_FROM_FD) !== 0 ? READ : -1;
}

/** What the event moved through an fd. */
export const IO_FIELDS: Binders = {
  "evt.buffer": plain(
    { shape: "bytes", get: buffer },
    { value: bufferValue, demand: (type) => ((DATA[type] as number) < 0 ? 0 : 1 << (DATA[type] as number)) },
  ),
  "evt.buflen": length(anyIo),
  "evt.buflen.in": length(reads),
  "evt.buflen.out": length(writes),
  "evt.buflen.file": length((e) => anyIo(e) && onFile(e)),
  "evt.buflen.file.in": length((e) => reads(e) && onFile(e)),
  "evt.buflen.file.out": length((e) => writes(e) && onFile(e)),
  "evt.buflen.net": length((e) => anyIo(e) && onNet(e)),
  "evt.buflen.net.in": length((e) => reads(e) && onNet(e)),
  "evt.buflen.net.out": length((e) => writes(e) && onNet(e)),
  "evt.is_io": flagged(READS_OR_WRITES),
  "evt.is_io_read": flagged(EventFlag.READS_FROM_FD),
  "evt.is_io_write": flagged(EventFlag.WRITES_TO_FD),
  "evt.is_wait": flagged(EventFlag.WAITS),
  "evt.io_dir": plain(keyed(direction, (key) => (key === WRITE ? "write" : "read"))),
  "evt.is_syslog": plain(
    bool((e) => {
      if (((FLAGS[e.type] as number) & EventFlag.WRITES_TO_FD) === 0 || e.fdRow === 0) return 0;
      const name = e.fds[e.fdRow * FD_ROW_WORDS + FdWord.NAME] as number;
      return e.dictionary.text(name).includes("/dev/log") ? 1 : 0;
    }),
  ),
};
