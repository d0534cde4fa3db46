// SPDX-License-Identifier: Apache-2.0

import { type EncoderOptions, internalAlert } from "../engine/alerting.js";
import { DROP_CLASSES, type DropNews } from "../engine/drops.js";

const Priority = { CRITICAL: 2, INFORMATIONAL: 6, DEBUG: 7 } as const;

/** Events were lost: how many, of which class and why. @param live the kernel was watched */
export function dropAlert(news: DropNews, live: boolean, options: EncoderOptions): Buffer {
  const { events, drops, parts, time } = news;
  const count = (wanted: (part: DropNews["parts"][number]) => boolean): string =>
    String(parts.filter(wanted).reduce((sum, part) => sum + part.events, 0));
  const buffered = (cause: string): boolean => cause === "full" || cause === "reserve";
  const fields: Record<string, string> = {
    ebpf_enabled: live ? "1" : "0",
    n_drops: String(drops),
    n_drops_buffer_total: count(({ cause }) => buffered(cause)),
    n_drops_buffer_reserve: count(({ cause }) => cause === "reserve"),
    n_drops_bug: count(({ cause }) => cause === "missed"),
    n_drops_page_faults: "0",
    n_drops_scratch_map: count(({ cause }) => cause === "scratch"),
    n_evts: String(events),
  };
  for (const name of DROP_CLASSES) {
    fields[`n_drops_buffer_${name}_exit`] = count((part) => part.class === name && buffered(part.cause));
  }
  const rule = "Falco internal: syscall event drop";
  const message = `${rule}. ${drops} system calls dropped in last second.`;
  return internalAlert({ rule, priority: Priority.DEBUG, message, fields, time }, options);
}

/** No event came for long. @param since time of the last one, ms since the epoch; 0: there was none */
export function silenceAlert(looks: number, since: number, options: EncoderOptions): Buffer {
  const rule = "Falco internal: timeouts notification";
  const fields = { last_event_time: since === 0 ? "none" : new Date(since).toISOString() };
  const message = `${rule}. ${looks} consecutive timeouts without event.`;
  return internalAlert({ rule, priority: Priority.DEBUG, message, fields, time: clockNs() }, options);
}

/** Rules that were changed cannot be loaded. */
export function reloadAlert(error: string, options: EncoderOptions): Buffer {
  const rule = "Falco internal: hot restart failure";
  const message = `${rule}: ${error}`;
  return internalAlert({ rule, priority: Priority.CRITICAL, message, fields: {}, time: clockNs() }, options);
}

/** A capture around a match is as large as it may be. */
export function captureLimitAlert(path: string, options: EncoderOptions): Buffer {
  const rule = "Falco internal: capture size limit reached";
  const message = `${rule}. ${path} is complete.`;
  const fields = { file: path };
  return internalAlert({ rule, priority: Priority.INFORMATIONAL, message, fields, time: clockNs() }, options);
}

function clockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
