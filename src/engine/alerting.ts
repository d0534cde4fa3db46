// SPDX-License-Identifier: Apache-2.0

import { hostname } from "node:os";
import { DEFAULT_READ_TEMPLATE, type EncoderOptions } from "../alerts/options.js";
import type { Config } from "../config/config.js";
import type { Output } from "../outputs/output.js";
import { createOutputs, Outputs } from "../outputs/outputs.js";
import { StreamOutput } from "../outputs/stream.js";

export { type InternalAlert, internalLine as internalAlert } from "../alerts/internal.js";
export type { EncoderOptions } from "../alerts/options.js";
export type { Outputs } from "../outputs/outputs.js";
export { readerGone } from "../outputs/stream.js";

/** How a configuration wants its alerts written. The host's name is FALCO_HOSTNAME, or the system's. */
export function alertEncoder(config: Config): EncoderOptions {
  if (!config.json) return { kind: "text", iso8601: config.iso8601 };
  const { includeOutput, includeTags, includeMessage, includeOutputFields, iso8601 } = config;
  return {
    kind: "json",
    hostname: process.env["FALCO_HOSTNAME"] || hostname(),
    includeOutput,
    includeTags,
    includeMessage,
    includeOutputFields,
    iso8601,
  };
}

/** Where a configuration wants its alerts, opened. Throws a PeregrineError OUTPUT_NONE or OUTPUT_WRITE. */
export function openOutputs(config: Config, warn: (message: string) => void): Outputs {
  const outputs = new Outputs(createOutputs(config), warn);
  outputs.open();
  return outputs;
}

/** How events themselves are written: the fields asked for, or by a template, by default a line like that of `sysdig -r`. */
export function eventEncoder(
  fields: readonly string[] | null,
  json: boolean,
  template: string = DEFAULT_READ_TEMPLATE,
): EncoderOptions {
  if (json) return { kind: "read-json", fields: fields ?? DEFAULT_READ_FIELDS };
  return fields === null ? { kind: "read", template } : { kind: "read-fields", fields };
}

const DEFAULT_READ_FIELDS = [
  "evt.num",
  "evt.time",
  "evt.cpu",
  "proc.name",
  "thread.tid",
  "evt.dir",
  "evt.type",
  "evt.info",
];

/** Plain stdout, for what is no alert; `buffered` where nobody waits for the lines as they come. */
export function openStdout(buffered: boolean): Output {
  return new StreamOutput("stdout", 1, buffered);
}
