// SPDX-License-Identifier: Apache-2.0
import { definePlugin, SDK_VERSION } from "peregrine/sdk";
import { Pump } from "../common/pump.js";
import { CONFIG_SCHEMA, type NatsConfig, parseConfig, parsePlace } from "./config.js";
import { openConsumer } from "./connection.js";
import { NatsFeed } from "./feed.js";

/** Events from a NATS JetStream consumer, which any number of processes can share. */
export const plugin = definePlugin({
  name: "nats",
  version: "0.1.0",
  description: "events from a NATS JetStream consumer, acknowledged after delivery",
  contact: "the Peregrine authors",
  sdk: SDK_VERSION,
  configSchema: CONFIG_SCHEMA,
  init: parseConfig,
  source: {
    // The ID for tests: captures with its events can only be read where no other plugin uses it.
    id: 999,
    source: "nats",
    async open(config: NatsConfig, parameters, context) {
      const opened = await openConsumer(parsePlace(parameters), config);
      return new Pump(new NatsFeed(opened, config.maxInFlight, context));
    },
    listOpenParams: () => [
      { value: "nats://HOST:PORT/STREAM/CONSUMER", desc: "a durable consumer, which is made where there is none" },
    ],
    eventToString: (_config, event) => event.text().replace(/[\r\n]+/g, " "),
  },
});
