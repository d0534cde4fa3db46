// SPDX-License-Identifier: Apache-2.0

import { AnnexPart, AnnexWord } from "../batch/annex.js";
import { EVENTS, EventType } from "../batch/event-table.generated.js";
import { annexOf } from "./annex.js";
import { type Binders, number, plain, wide } from "./reading.js";
import { big64, unsigned64 } from "./render/number.js";
import type { EventView } from "./view.js";

/** 64 bits of the annex as a number; NaN where it has none. */
function annexNumber(e: EventView, word: number): number {
  const annex = annexOf(e);
  return annex === 0 ? Number.NaN : unsigned64(e.words[annex + word] as number, e.words[annex + word + 1] as number);
}

const faults = (word: number): ReturnType<typeof plain> =>
  plain(
    wide((e) => {
      const annex = e.row === 0 ? 0 : annexOf(e);
      return annex === 0
        ? undefined
        : big64(e.words[annex + word] as number, e.words[annex + word + 1] as number, false);
    }),
    { annex: { parts: AnnexPart.FAULTS } },
  );

const EXEC_TIME = { annex: { parts: AnnexPart.EXEC_TIME } };

const [USER, SYSTEM] = (EVENTS[EventType.PROCINFO_E]?.params ?? []).map((param) => param.word);
const BOTH_PARAMS = 3;

function param(e: EventView, word: number | undefined): number {
  if (word === undefined) return 0;
  return unsigned64(e.words[e.o + word] as number, e.words[e.o + word + 1] as number);
}

const MOST = 100;

/**
 * Processor time between two procinfo events of the thread, which come once a second: in hundredths of a second, so in
 * percent, 100 at the most. 0 at the thread's first one; absent on other events.
 */
const used = (user: boolean, system: boolean): ReturnType<typeof plain> =>
  plain(
    number((e) => {
      if (e.type !== EventType.PROCINFO_E || e.row === 0) return Number.NaN;
      const now = (user ? param(e, USER) : 0) + (system ? param(e, SYSTEM) : 0);
      const before =
        (user ? annexNumber(e, AnnexWord.CPU_USER) : 0) + (system ? annexNumber(e, AnnexWord.CPU_SYSTEM) : 0);
      return before === 0 ? 0 : Math.min(Math.max(now - before, 0), MOST);
    }),
    { annex: { parts: AnnexPart.CPU }, demand: (type) => (type === EventType.PROCINFO_E ? BOTH_PARAMS : 0) },
  );

/** What the event's thread cost the machine. */
export const CPU_FIELDS: Binders = {
  "thread.pfmajor": faults(AnnexWord.PF_MAJOR),
  "thread.pfminor": faults(AnnexWord.PF_MINOR),
  "thread.exectime": plain(
    number((e) => annexNumber(e, AnnexWord.EXEC_TIME)),
    EXEC_TIME,
  ),
  "thread.totexectime": plain(
    number((e) => (e.row === 0 ? Number.NaN : annexNumber(e, AnnexWord.TOTAL_EXEC_TIME))),
    EXEC_TIME,
  ),
  "thread.cpu": used(true, true),
  "thread.cpu.user": used(true, false),
  "thread.cpu.system": used(false, true),
};
