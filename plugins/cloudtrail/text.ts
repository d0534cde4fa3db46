// SPDX-License-Identifier: Apache-2.0
import type { PluginEvent } from "peregrine/sdk";
import type { JsonReader } from "../common/json-reader.js";
import { EXTRACT, shortSource } from "./extract.js";

/** The event in one line: `REGION[ USER] SERVICE NAME SUMMARY`. */
export function eventText(record: JsonReader, event: PluginEvent): string {
  const region = EXTRACT["ct.region"](record, event);
  const source = shortSource(record, event);
  const name = EXTRACT["ct.name"](record, event);
  if (region === undefined || source === undefined || name === undefined) {
    return "<invalid cloudtrail event: awsRegion, eventSource or eventName field missing>";
  }
  const user = EXTRACT["ct.user"](record, event);
  const line = `${region}${user === undefined ? "" : ` ${user}`} ${source} ${name} ${EXTRACT["ct.info"](record, event)}`;
  return line.replace(/[\r\n]+/g, " ");
}
