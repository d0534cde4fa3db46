// SPDX-License-Identifier: Apache-2.0
import type { FieldSpecs } from "peregrine/sdk";

const value = {
  type: "string",
  argument: { kind: "key", required: true },
  desc: "the value at a JSON pointer, as in json.value[/user/name]: strings as they are, anything else as JSON without blanks",
} as const;
const obj = { type: "string", desc: "the whole event as JSON, indented" } as const;
const rawtime = { type: "string", desc: "the time of the event, in nanoseconds since the epoch" } as const;

/** json.* and, for rules that are older, jevt.*: the same fields. */
export const FIELDS = {
  "json.value": value,
  "json.obj": obj,
  "json.rawtime": rawtime,
  "jevt.value": value,
  "jevt.obj": obj,
  "jevt.rawtime": rawtime,
} as const satisfies FieldSpecs;
