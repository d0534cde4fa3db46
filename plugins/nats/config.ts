// SPDX-License-Identifier: Apache-2.0
import { ConfigFailure, type JsonSchema } from "peregrine/sdk";
import { z } from "zod";

const config = z.strictObject({
  credentialsFile: z.string().default("").describe("file of a user's JWT and seed"),
  tokenFile: z.string().default("").describe("file that holds a token"),
  user: z.string().default("").describe("user name; the password is in passwordFile"),
  passwordFile: z.string().default("").describe("file that holds the password of the user"),
  caFile: z.string().default("").describe("certificates to trust, for tls://"),
  subjects: z
    .array(z.string().min(1))
    .default([])
    .describe("subjects of a consumer that does not exist yet; none: all of the stream"),
  ackWaitSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(60)
    .describe(
      "of a consumer that does not exist yet: after so long an event that is not acknowledged is sent to somebody else",
    ),
  maxInFlight: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(5000)
    .describe("events that are received and not acknowledged"),
});

export type NatsConfig = z.output<typeof config>;

/** For editors and for the check before init. */
export const CONFIG_SCHEMA = z.toJSONSchema(config, { io: "input" }) as JsonSchema;

/** @throws ConfigFailure with the key and what is wrong with it */
export function parseConfig(input: unknown): NatsConfig {
  const result = config.safeParse(input ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const key = issue === undefined ? "" : issue.path.map(String).join(".");
  throw new ConfigFailure(`init_config${key === "" ? "" : `.${key}`}: ${issue?.message ?? "not valid"}`);
}

export interface NatsPlace {
  readonly server: string;
  readonly stream: string;
  readonly consumer: string;
}

/** `nats://HOST:PORT/STREAM/CONSUMER`, or `tls://...`. @throws ConfigFailure */
export function parsePlace(text: string): NatsPlace {
  const parts = /^((?:nats|tls):\/\/[^/\s@]+)\/([A-Za-z0-9_-]+)\/([A-Za-z0-9_-]+)$/.exec(text.trim());
  const [, server, stream, consumer] = parts ?? [];
  if (server === undefined || stream === undefined || consumer === undefined) {
    throw new ConfigFailure(
      `open_params ${text.replace(/\/\/[^/@]*@/, "//")}: expected nats://HOST:PORT/STREAM/CONSUMER`,
    );
  }
  return { server, stream, consumer };
}
