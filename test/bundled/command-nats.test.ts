// SPDX-License-Identifier: Apache-2.0

/* Three processes of the command share a consumer of a NATS stream; one is killed. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Command, startCommand } from "./command.js";
import { natsServer, type TestStreams } from "./nats-server.js";
import { idsOf, record } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-command-nats-"));
let streams: TestStreams | null;
before(async () => {
  streams = await natsServer(join(folder, "streams"));
});
after(async () => {
  await streams?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Alerts that are long enough to fill a pipe soon. */
const RULE = `- rule: every message
  desc: an alert for each message
  condition: evt.num > 0
  output: id=%json.value[/eventID] %json.obj
  priority: INFO
  source: nats
`;

test("three processes, one of them killed: every message is alerted", async (t) => {
  if (streams === null) {
    t.skip("nats-server is not there (Debian package nats-server)");
    return;
  }
  const { url, manager, stream } = streams;
  const ids = idsOf("n", 5000);
  await manager.streams.add({ name: "ALERTS", subjects: ["ALERTS.>"] });
  const publish = async (some: readonly string[]): Promise<void> => {
    for (const id of some) await stream.publish("ALERTS.events", JSON.stringify(record(id)));
  };
  await publish(ids.slice(0, 2000));
  const start = (n: number, output?: string): Command =>
    startCommand({
      folder: join(folder, `run-${n}`),
      plugin: "nats",
      openParams: `${url}/ALERTS/falcons`,
      initConfig: { ackWaitSeconds: 2, maxInFlight: 500 },
      rule: RULE,
      ...(output === undefined ? {} : { output }),
    });
  // Nobody reads what the first one writes, so it is stuck with messages that it has received.
  const victim = start(0, "stdout");
  victim.process.stdout?.pause();
  const info = () => manager.consumers.info("ALERTS", "falcons");
  await victim.until("messages in its hands", async () => {
    const found = await info().catch(() => null);
    return (found?.num_ack_pending ?? 0) > 0;
  });
  const others = [start(1), start(2)];
  // More than it can take: the others have work.
  await publish(ids.slice(2000));
  await others[0]?.until("work of the others", () => others.flatMap((each) => each.ids()).length > 500);
  assert.ok(victim.running);
  victim.process.kill("SIGKILL");
  victim.process.stdout?.resume();
  await victim.ended();
  await others[0]?.until("an empty stream", async () => {
    const { num_pending: waiting, num_ack_pending: open } = await info();
    return waiting === 0 && open === 0;
  });
  for (const command of others) {
    const { ledger, alerts } = await command.stop();
    assert.deepEqual([ledger["seen"], alerts], [ledger["evaluated"], ledger["evaluated"]]);
  }
  const all = [victim, ...others].flatMap((command) => command.ids());
  assert.deepEqual([...new Set(all)].sort(), [...ids].sort());
  assert.ok(all.length - ids.length <= 1500, `${all.length - ids.length} came twice`);
});
