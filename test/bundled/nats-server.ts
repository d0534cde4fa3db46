// SPDX-License-Identifier: Apache-2.0

/** A NATS server with JetStream on the loopback interface. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";

export interface TestStreams {
  readonly url: string;
  readonly manager: JetStreamManager;
  readonly stream: JetStreamClient;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function connected(url: string): Promise<NatsConnection> {
  for (let n = 0; ; n++) {
    try {
      return await connect({ servers: url });
    } catch (error) {
      assert.ok(n < 3000, `nats-server does not answer: ${error instanceof Error ? error.message : String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Starts a server that keeps its streams in `folder`; null where there is no nats-server. */
export async function natsServer(folder: string): Promise<TestStreams | null> {
  if (spawnSync("nats-server", ["--version"]).status !== 0) return null;
  const port = await freePort();
  const server = spawn("nats-server", ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder], {
    stdio: "ignore",
  });
  const url = `nats://127.0.0.1:${port}`;
  const connection = await connected(url);
  return {
    url,
    manager: await jetstreamManager(connection),
    stream: jetstream(connection),
    stop: async () => {
      await connection.close();
      server.kill("SIGTERM");
      await once(server, "exit");
    },
  };
}
