// SPDX-License-Identifier: Apache-2.0
import { definePlugin, SDK_VERSION } from "peregrine/sdk";
import { type AuditConfig, CONFIG_SCHEMA, parseConfig } from "./config.js";
import { EXTRACT, newRecord } from "./extract.js";
import { FIELDS } from "./fields.js";
import { OPEN_PARAMETERS, openSource } from "./source.js";

/** Kubernetes audit events, from a webhook or from files. */
export const plugin = definePlugin({
  name: "k8saudit",
  version: "0.18.0",
  description: "Kubernetes audit events from a webhook or from files",
  contact: "the Peregrine authors",
  sdk: SDK_VERSION,
  configSchema: CONFIG_SCHEMA,
  init: parseConfig,
  source: {
    id: 1,
    source: "k8s_audit",
    open: (config: AuditConfig, parameters, context) => openSource(config, parameters, context),
    listOpenParams: () => OPEN_PARAMETERS,
    eventToString: (_config, event) => event.text().replace(/[\r\n]+/g, " "),
  },
  extractor: {
    fields: FIELDS,
    sources: ["k8s_audit"],
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
