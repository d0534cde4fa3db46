// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { AckPolicy, type Consumer, JetStreamApiError, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { ConfigFailure, SourceFailure } from "peregrine/sdk";
import type { NatsConfig, NatsPlace } from "./config.js";

function secret(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new ConfigFailure(`cannot read ${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function options(place: NatsPlace, config: NatsConfig): ConnectionOptions {
  return {
    servers: place.server,
    name: "peregrine",
    maxReconnectAttempts: -1,
    ...(config.credentialsFile === ""
      ? {}
      : { authenticator: credsAuthenticator(Buffer.from(secret(config.credentialsFile))) }),
    ...(config.tokenFile === "" ? {} : { token: secret(config.tokenFile) }),
    ...(config.user === ""
      ? {}
      : { user: config.user, pass: config.passwordFile === "" ? "" : secret(config.passwordFile) }),
    ...(place.server.startsWith("tls:") || config.caFile !== ""
      ? { tls: config.caFile === "" ? {} : { ca: secret(config.caFile) } }
      : {}),
  };
}

export interface Opened {
  readonly connection: NatsConnection;
  readonly consumer: Consumer;
  readonly ackWaitMs: number;
}

/**
 * Connects, and finds the durable consumer or makes it: everybody who opens the same one shares its events.
 * @throws SourceFailure, ConfigFailure
 */
export async function openConsumer(place: NatsPlace, config: NatsConfig): Promise<Opened> {
  const { stream, consumer: name } = place;
  let connection: NatsConnection;
  try {
    connection = await connect(options(place, config));
  } catch (error) {
    if (error instanceof ConfigFailure) throw error;
    throw new SourceFailure(`cannot connect to ${place.server}: ${describe(error)}`, { retry: true, cause: error });
  }
  try {
    const manager = await jetstreamManager(connection);
    const { config: found } = await manager.consumers.info(stream, name).catch(async (error: unknown) => {
      if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
      return await manager.consumers.add(stream, {
        durable_name: name,
        ack_policy: AckPolicy.Explicit,
        ack_wait: config.ackWaitSeconds * 1e9,
        max_ack_pending: Math.max(1000, config.maxInFlight * 4),
        ...(config.subjects.length === 0
          ? {}
          : config.subjects.length === 1
            ? { filter_subject: config.subjects[0] ?? "" }
            : { filter_subjects: config.subjects }),
      });
    });
    if (found.ack_policy !== AckPolicy.Explicit) {
      throw new ConfigFailure(
        `consumer ${name} of stream ${stream} does not ask for acknowledgements (ack_policy explicit)`,
      );
    }
    const consumer = await jetstream(connection).consumers.get(stream, name);
    return { connection, consumer, ackWaitMs: (found.ack_wait ?? 30e9) / 1e6 };
  } catch (error) {
    await connection.close();
    if (error instanceof ConfigFailure) throw error;
    throw new SourceFailure(`cannot open consumer ${name} of stream ${stream}: ${describe(error)}`, {
      retry: !(error instanceof JetStreamApiError),
      cause: error,
    });
  }
}

/** The server's number for it. */
const CONSUMER_NOT_FOUND = 10014;

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
