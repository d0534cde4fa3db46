// SPDX-License-Identifier: Apache-2.0
import type { Plugin } from "peregrine/sdk";
import { startExtractor } from "peregrine/sdk/testing";
import { plugin as cloudtrail } from "../../../plugins/cloudtrail/index.js";
import { RecordSplitter } from "../../../plugins/cloudtrail/split.js";
import { plugin as json } from "../../../plugins/json/index.js";
import { plugin as k8saudit } from "../../../plugins/k8saudit/index.js";
import { type Case, type Check, casesOf, type Suite, text, texts } from "../case.js";

const BY_PREFIX: Readonly<Record<string, Plugin>> = { ct: cloudtrail, json, jevt: json, ka: k8saudit };

/** Unit tests of the Go plugins: how records are cut out of a file, and values of single events. */
export function pluginsUnitSuite(): Suite {
  return { name: "plugins_unit", mode: "all", cases: casesOf("plugins_unit"), run: async (one) => [run(one)] };
}

function run(one: Case): Check {
  const detail = "payload" in one.inputs ? splitting(one) : extraction(one);
  return { id: one.id, ok: detail === "", detail };
}

function splitting({ inputs, expected }: Case): string {
  const records: string[] = [];
  const record = (b: Uint8Array, start: number, end: number): void => {
    records.push(Buffer.from(b.subarray(start, end)).toString());
  };
  const splitter = new RecordSplitter({ record, bad: () => {} }, 1 << 20);
  splitter.feed(Buffer.from(text(inputs["payload"])));
  splitter.finish();
  const wanted = texts(expected["records_verbatim"]);
  return JSON.stringify(records) === JSON.stringify(wanted) ? "" : `records: ${JSON.stringify(records)}`;
}

function extraction({ inputs, expected }: Case): string {
  const field = text(inputs["field"]);
  const argument = inputs["arg"];
  const name = argument === undefined ? field : `${field}[${text(argument)}]`;
  const plugin = BY_PREFIX[field.split(".")[0] ?? ""];
  if (plugin === undefined) return `no plugin has ${field}`;
  const time = inputs["event_time_ns"];
  const event = {
    data: text(inputs["event_json"]),
    ...(time === undefined ? {} : { time: BigInt(String(time).replace(/^#/, "")) }),
  };
  const value = startExtractor(plugin, [name])(event)[name];
  const holds = (part: unknown): boolean => Array.isArray(value) && value.includes(part);
  if ("field_value_contains" in expected)
    return holds(expected["field_value_contains"]) ? "" : `value: ${JSON.stringify(value)}`;
  if ("field_value_does_not_contain" in expected) {
    return holds(expected["field_value_does_not_contain"]) ? `value: ${JSON.stringify(value)}` : "";
  }
  return value === expected["field_value"] ? "" : `value: ${JSON.stringify(value)}`;
}
