// SPDX-License-Identifier: Apache-2.0

import { AnnexPart, AnnexWord } from "../batch/annex.js";
import { ExtraWord } from "../batch/process-rows.js";
import { annexOf } from "./annex.js";
import { type Binders, number, plain } from "./reading.js";
import { signed64 } from "./render/number.js";
import { extraOf } from "./rows.js";
import type { EventView } from "./view.js";

/** One word of the annex, of a thread that is known. */
function figure(e: EventView, word: number): number {
  const annex = e.row === 0 ? 0 : annexOf(e);
  return annex === 0 ? Number.NaN : (e.words[annex + word] as number);
}

/** Open fds in percent of the limit; 0 where there is no limit, and never more than 100. */
function fdUsage(e: EventView): number {
  const open = figure(e, AnnexWord.FDS);
  if (Number.isNaN(open)) return open;
  const at = extraOf(e, e.leader === 0 ? e.row : e.leader) + ExtraWord.FD_LIMIT;
  const limit = signed64(e.extras[at] as number, e.extras[at + 1] as number);
  if (limit <= 0) return 0;
  return open <= limit ? (open * 100) / limit : 100;
}

const threads = (word: number): ReturnType<typeof plain> =>
  plain(
    number((e) => figure(e, word)),
    { annex: { parts: AnnexPart.THREADS } },
  );

/** How many threads and fds the event's process has at that moment. */
export const PROCESS_FIGURES: Binders = {
  "proc.nthreads": threads(AnnexWord.THREADS),
  "proc.nchilds": threads(AnnexWord.OTHERS),
  "proc.fdopencount": plain(
    number((e) => figure(e, AnnexWord.FDS)),
    { annex: { parts: AnnexPart.FDS } },
  ),
  "proc.fdusage": plain(number(fdUsage), { annex: { parts: AnnexPart.FDS } }),
};
