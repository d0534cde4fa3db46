// SPDX-License-Identifier: Apache-2.0

import { AnnexPart } from "../batch/annex.js";
import { CAPABILITIES, EventType } from "../batch/event-table.generated.js";
import { ExtraWord, ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import { type Argument, type Binders, bool, keyed, number, plain, type Reading, text } from "./reading.js";
import { signed64 } from "./render/number.js";
import { extraOf, rowTextKey, splitArgs } from "./rows.js";
import type { EventView } from "./view.js";

/** Capabilities above the ones that exist are dropped, so that a set fits a sparse key. */
const HIGH_MASK = (1 << (CAPABILITIES.length - 32)) - 1;

/** Names of a capability set, in table order, joined by blanks. */
function capabilityNames(low: number, high: number): string {
  let names = "";
  for (const [bit, name] of CAPABILITIES.entries()) {
    const set = bit < 32 ? (low >>> bit) & 1 : (high >>> (bit - 32)) & 1;
    if (set === 1) names = names === "" ? name : `${names} ${name}`;
  }
  return names;
}

/** A set is keyed by itself: a sparse key. */
const capabilities = (word: number): ReturnType<typeof plain> =>
  plain(
    keyed(
      (e) => {
        if (e.row === 0) return -1;
        const at = extraOf(e, e.row) + word;
        return ((e.extras[at + 1] as number) & HIGH_MASK) * 4294967296 + ((e.extras[at] as number) >>> 0);
      },
      (key) => capabilityNames(key % 4294967296, Math.floor(key / 4294967296)),
      false,
    ),
  );

const isMain = (e: EventView): boolean => {
  const base = e.row * ROW_WORDS;
  return e.rows[base + RowWord.TID] === e.rows[base + RowWord.PID];
};

/** Memory of the main thread in kB; 0 for the others. */
const memory = (word: number, unit: number): ReturnType<typeof plain> =>
  plain(
    number((e) => {
      if (e.row === 0) return Number.NaN;
      return isMain(e) ? ((e.extras[extraOf(e, e.row) + word] as number) >>> 0) * unit : 0;
    }),
    { annex: { parts: AnnexPart.MEMORY } },
  );

/** Key of the cgroups (`name=path`, NUL separated); -1 where there are none. */
function cgroupsKey(e: EventView): number {
  if (e.row === 0) return -1;
  const id = e.extras[extraOf(e, e.row) + ExtraWord.CGROUPS] as number;
  return id > 1 ? id : -1;
}

/** Today's names of controllers that older kernels and captures call otherwise. */
const CONTROLLERS: Readonly<Record<string, string>> = { perf: "perf_event", mem: "memory", io: "blkio" };

function controllerName(name: string): string {
  const short = name.endsWith("_cgroup") ? name.slice(0, -"_cgroup".length) : name;
  return CONTROLLERS[short] ?? short;
}

/** The cgroups as pairs of a controller and a path. */
function cgroupPairs(binary: string): [string, string][] {
  return splitArgs(binary).map((entry) => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [controllerName(entry), ""] : [controllerName(entry.slice(0, equals)), entry.slice(equals + 1)];
  });
}

function bindCgroup(argument: Argument | null): Reading {
  const name = argument?.text ?? "";
  return {
    extract: keyed(
      cgroupsKey,
      (key, e) => cgroupPairs(e.dictionary.text(key)).find((pair) => pair[0] === name)?.[1] ?? null,
    ),
  };
}

/** A tid that a user can make sense of: the host's, or -1. */
function tid(e: EventView): number {
  const value = signed64(e.words[e.o + RecordWord.TID] as number, e.words[e.o + RecordWord.TID + 1] as number);
  return value >= -1 && value <= 0xffff_ffff ? value : Number.NaN;
}

/** The event's thread. */
export const THREAD_FIELDS: Binders = {
  "thread.tid": plain(number(tid)),
  "thread.ismain": plain(bool((e) => (e.row === 0 ? -1 : isMain(e) ? 1 : 0))),
  "thread.vtid": plain(
    number((e) => {
      const id = e.row === 0 ? -1 : (e.rows[e.row * ROW_WORDS + RowWord.VTID] as number);
      return id === -1 ? Number.NaN : id;
    }),
  ),
  "thread.nametid": plain(
    text((e) => (e.row === 0 ? null : `${e.dictionary.text(rowTextKey(e, e.row, RowWord.COMM))}${tid(e)}`)),
  ),
  "thread.cap_permitted": capabilities(ExtraWord.CAP_PERMITTED),
  "thread.cap_inheritable": capabilities(ExtraWord.CAP_INHERITABLE),
  "thread.cap_effective": capabilities(ExtraWord.CAP_EFFECTIVE),
  "thread.cgroups": plain(
    keyed(cgroupsKey, (key, e) =>
      cgroupPairs(e.dictionary.text(key))
        .map((pair) => pair.join("="))
        .join(" "),
    ),
  ),
  "thread.cgroup": bindCgroup,
  "thread.vmsize": memory(ExtraWord.VM_SIZE, 1),
  "thread.vmrss": memory(ExtraWord.VM_RSS, 1),
  "thread.vmsize.b": memory(ExtraWord.VM_SIZE, 1024),
  "thread.vmrss.b": memory(ExtraWord.VM_RSS, 1024),
  "evt.count.procinfo": plain(number((e) => (e.type === EventType.PROCINFO_E && e.row !== 0 && isMain(e) ? 1 : 0))),
  "evt.count.threadinfo": plain(number((e) => (e.type === EventType.PROCINFO_E ? 1 : 0))),
};
