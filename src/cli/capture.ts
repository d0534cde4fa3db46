// SPDX-License-Identifier: Apache-2.0

import { eventEncoder } from "../engine/alerting.js";
import type { Threads } from "../engine/threads.js";
import { DEFAULT_LIVE, watch } from "../engine/watch.js";
import { resolveField } from "../fields/registry.js";
import { ruleFromCondition } from "../rules/condition-rule.js";
import { type CaptureFlags, type Context, Exit } from "./context.js";
import { finish } from "./finish.js";
import { recordTo } from "./live.js";
import { stopOnSignals } from "./stop.js";

/** Every event goes to the capture, and none is shown: the condition makes the kernel hand out all of them. */
const NOTHING_SHOWN = "evt.num < 0";

/** `peregrine capture -w FILE`: records the system calls of this machine. @returns the exit status */
export async function recordCapture(flags: CaptureFlags, context: Context, threads: Threads): Promise<number> {
  const rule = ruleFromCondition("capture", NOTHING_SHOWN, "%evt.num", "syscall", resolveField);
  if ("severity" in rule) throw new Error("the condition of the recorder is not valid");
  const stop = stopOnSignals();
  try {
    const report = await watch({
      rules: { rules: [rule], matching: "first" },
      encoder: eventEncoder(null, false),
      threads,
      sink: () => undefined,
      hostRoot: null,
      services: null,
      signal: stop.signal,
      settings: {
        ...DEFAULT_LIVE,
        record: recordTo(
          flags.write,
          flags.gzip === true,
          (flags.megabytes ?? 0) * 1024 * 1024,
          (flags.seconds ?? 0) * 1e9,
        ),
      },
    });
    const status = await finish(report, null, context, false);
    if (status === Exit.OK) {
      const lost = report.ledger.lost.reduce((sum, { events }) => sum + events, 0);
      context.log.info(`${report.events} events were recorded, ${lost} lost`, { file: flags.write });
    }
    return status;
  } finally {
    stop.off();
  }
}
