// SPDX-License-Identifier: Apache-2.0
import { ConfigFailure, type JsonSchema } from "peregrine/sdk";
import { z } from "zod";

const config = z.strictObject({
  sslCertificate: z.string().default("/etc/falco/falco.pem").describe("file with key and certificate, for https"),
  useAsync: z.boolean().default(true).describe("accepted for compatibility; extraction runs in the workers"),
  maxEventSize: z
    .number()
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(4 * 1024 * 1024)
    .describe("longest event, in bytes"),
  webhookMaxBatchSize: z
    .number()
    .int()
    .min(1024)
    .max(1024 ** 3)
    .default(12_582_912)
    .describe("longest request, in bytes"),
  webhookMaxWaiting: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(256)
    .describe("requests that wait for their answer; more are told to come again"),
  answer: z
    .enum(["delivered", "received"])
    .default("delivered")
    .describe("when a request is answered: when the alerts of its events are delivered, or at once"),
  tailFrom: z.enum(["start", "end"]).default("end").describe("file://: where to begin without a remembered position"),
  stateFolder: z.string().default("").describe("folder for what is remembered between runs; else the one of Peregrine"),
  quarantine: z.string().default("").describe("folder for events that cannot be read"),
});

export type AuditConfig = z.output<typeof config>;

/** For editors and for the check before init. */
export const CONFIG_SCHEMA = z.toJSONSchema(config, { io: "input" }) as JsonSchema;

/** @throws ConfigFailure with the key and what is wrong with it */
export function parseConfig(input: unknown): AuditConfig {
  const result = config.safeParse(input ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const key = issue === undefined ? "" : issue.path.map(String).join(".");
  throw new ConfigFailure(`init_config${key === "" ? "" : `.${key}`}: ${issue?.message ?? "not valid"}`);
}
