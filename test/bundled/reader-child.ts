// SPDX-License-Identifier: Apache-2.0

/*
 * A process that reads a plugin's source until it is told to stop or killed. Argument: JSON with plugin, parameters, config and out.
 * The eventID of each event goes to the file `out` before the batch is acknowledged, as an alert would be delivered.
 */

import { openSync, writeSync } from "node:fs";
import type { Plugin } from "peregrine/sdk";
import { openSource, TestContext } from "peregrine/sdk/testing";
import { idOf } from "./trail.js";

const { name, parameters, config, out, pause } = JSON.parse(process.argv[2] ?? "{}") as {
  name: string;
  parameters: string;
  config: object;
  out: string;
  pause: number;
};
const { plugin } = (await import(`../../plugins/${name}/index.js`)) as { plugin: Plugin };
const context = new TestContext();
const file = openSync(out, "a");
const source = await openSource(plugin, { parameters, config, context });
process.on("SIGTERM", () => context.controller.abort());
while (!context.signal.aborted) {
  const batch = await source.nextBatch(20, 100);
  writeSync(file, batch.events.map(({ data }) => `${idOf(data)}\n`).join(""));
  if (batch.position !== undefined) await source.ack?.(batch.position);
  if (batch.end === true) break;
  await new Promise((resolve) => setTimeout(resolve, pause));
}
await source.close();
