// SPDX-License-Identifier: Apache-2.0
import { definePlugin, SDK_VERSION } from "peregrine/sdk";
import { EXTRACT, newRecord } from "./extract.js";
import { FIELDS } from "./fields.js";

export const plugin = definePlugin({
  name: "cloudtrail",
  version: "0.17.1",
  description: "AWS CloudTrail events from files, S3 buckets and SQS queues",
  contact: "the Peregrine authors",
  sdk: SDK_VERSION,
  init: () => null,
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
