// SPDX-License-Identifier: Apache-2.0
import { definePlugin, SDK_VERSION } from "peregrine/sdk";
import type { JsonReader } from "../common/json-reader.js";
import { type CloudtrailConfig, CONFIG_SCHEMA, parseConfig } from "./config.js";
import { EXTRACT, newRecord } from "./extract.js";
import { FIELDS } from "./fields.js";
import { OPEN_PARAMETERS, openSource } from "./source.js";
import { eventText } from "./text.js";

interface State {
  readonly config: CloudtrailConfig;
  /** Reads the events whose text is asked for. */
  readonly record: JsonReader;
}

/** AWS CloudTrail events, from files, S3 buckets and SQS queues. */
export const plugin = definePlugin({
  name: "cloudtrail",
  version: "0.17.1",
  description: "AWS CloudTrail events from files, S3 buckets and SQS queues",
  contact: "the Peregrine authors",
  sdk: SDK_VERSION,
  configSchema: CONFIG_SCHEMA,
  init: (config): State => ({ config: parseConfig(config), record: newRecord() }),
  source: {
    id: 2,
    source: "aws_cloudtrail",
    open: ({ config }, parameters, context) => openSource(config, parameters, context),
    listOpenParams: () => OPEN_PARAMETERS,
    eventToString: ({ record }, event) => {
      record.load(event.data);
      return eventText(record, event);
    },
  },
  extractor: {
    fields: FIELDS,
    sources: ["aws_cloudtrail"],
    start() {
      const record = newRecord();
      return {
        record: (event) => {
          record.load(event.data);
          return record;
        },
        extract: EXTRACT,
      };
    },
  },
});
