// SPDX-License-Identifier: Apache-2.0
import { ConfigFailure, type JsonSchema } from "peregrine/sdk";
import { z } from "zod";

const accounts = z
  .string()
  .transform((list) => list.split(",").map((account) => account.trim()))
  .transform((list) => list.filter((account) => account !== ""))
  .pipe(z.array(z.string().regex(/^\d{12}$/, "an account is twelve digits")));

const aws = z
  .strictObject({
    profile: z.string().default("").describe("profile of the shared AWS configuration"),
    region: z.string().default("").describe("AWS region; else the one of the environment or the profile"),
    config: z.string().default("").describe("path of the shared configuration file"),
    credentials: z.string().default("").describe("path of the shared credentials file"),
    endpoint: z.string().default("").describe("address of a service that is not AWS itself"),
    forcePathStyle: z
      .boolean()
      .default(false)
      .describe("bucket names in the path of addresses, as most other servers want it"),
    maxAttempts: z.number().int().min(1).max(50).default(6).describe("tries of one request before it counts as failed"),
  })
  .prefault({});

const config = z.strictObject({
  s3DownloadConcurrency: z.number().int().min(1).max(256).default(32).describe("S3 objects that are fetched at a time"),
  s3Interval: z
    .string()
    .default("")
    .describe("time span of the log files to read, as in 2d or 2026-01-01T00:00:00Z-1d"),
  sqsDelete: z.boolean().default(true).describe("delete a message when all alerts of its files are delivered"),
  useAsync: z.boolean().default(true).describe("accepted for compatibility; extraction runs in the workers"),
  useS3SNS: z
    .boolean()
    .default(false)
    .describe("messages are S3 event notifications; kept for compatibility: the form is recognised"),
  s3AccountList: accounts.prefault("").describe("accounts of an organisation trail, separated by commas; none: all"),
  sqsOwnerAccount: z.string().default("").describe("account that owns the queue, where it is another one"),
  aws,
  follow: z.boolean().default(false).describe("s3: go on watching for new objects"),
  pollSeconds: z.number().min(0.1).max(86_400).default(60).describe("s3 with follow: time between two looks"),
  stateFolder: z.string().default("").describe("folder for what is remembered between runs; else the one of Peregrine"),
  quarantine: z.string().default("").describe("folder for files, records and messages that cannot be read"),
  deadLetterQueue: z.string().default("").describe("queue for messages that cannot be read"),
  maxReceives: z.number().int().min(1).max(1000).default(5).describe("times a message is tried before it is set aside"),
  visibilityTimeout: z
    .number()
    .int()
    .min(5)
    .max(43_200)
    .default(300)
    .describe("seconds for which a received message is hidden; renewed while it is read"),
  maxInFlight: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("messages that are received and not yet acknowledged"),
  repeatWindow: z
    .number()
    .int()
    .min(0)
    .max(50_000_000)
    .default(250_000)
    .describe("records from a queue that are remembered, to recognise what is read twice; 0: none"),
  insights: z.boolean().default(false).describe("Insight events are events, too"),
  maxRecordBytes: z
    .number()
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024)
    .describe("longest record"),
});

export type CloudtrailConfig = z.output<typeof config>;

/** For editors and for the check before init. */
export const CONFIG_SCHEMA = z.toJSONSchema(config, { io: "input", unrepresentable: "any" }) as JsonSchema;

/** @throws ConfigFailure with the key and what is wrong with it */
export function parseConfig(input: unknown): CloudtrailConfig {
  const result = config.safeParse(input ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const key = issue === undefined ? "" : issue.path.map(String).join(".");
  throw new ConfigFailure(`init_config${key === "" ? "" : `.${key}`}: ${issue?.message ?? "not valid"}`);
}
