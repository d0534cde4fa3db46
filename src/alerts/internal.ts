// SPDX-License-Identifier: Apache-2.0

import { clockText, fraction, isoText } from "../fields/render/clock.js";
import { PRIORITIES } from "../rules/ruleset.js";
import type { EncoderOptions } from "./options.js";

/** An alert about the engine itself: no event matched a rule. */
export interface InternalAlert {
  /** Begins with "Falco internal: ", as tools that read alerts expect it. */
  readonly rule: string;
  /** Index in PRIORITIES. */
  readonly priority: number;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
  /** ns since the epoch. */
  readonly time: bigint;
}

/**
 * Its line: JSON without tags, whatever the options leave out of other alerts; or as text, always with the local time.
 * Values of fields are texts.
 */
export function internalLine(alert: InternalAlert, options: EncoderOptions): Buffer {
  const { rule, message, fields, time } = alert;
  const priority = PRIORITIES[alert.priority];
  const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (options.kind === "json") {
    const { hostname } = options;
    const output = { hostname, output: message, output_fields: sorted, priority, rule, source: "internal" };
    return Buffer.from(`${JSON.stringify({ ...output, time: `${isoText(time)}Z` })}\n`);
  }
  const values = Object.entries(sorted).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const behind = values.length === 0 ? "" : ` (${values.join(" ")})`;
  return Buffer.from(`${clockText(time)}.${fraction(time)}: ${priority} ${message}${behind}\n`);
}
