// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigFailure, type OpenParameter, type PluginContext, type SourceInstance } from "peregrine/sdk";
import { Pump } from "../common/pump.js";
import { Quarantine } from "../common/quarantine.js";
import { s3Client, sqsClient } from "./aws.js";
import type { CloudtrailConfig } from "./config.js";
import { Counters } from "./counters.js";
import { FOREVER, parseInterval } from "./interval.js";
import { openLocal } from "./local-feed.js";
import type { LogSettings } from "./log-run.js";
import { Queue, queueUrl } from "./queue.js";
import { S3Feed } from "./s3-feed.js";
import { StateFile } from "./s3-state.js";
import { SeenRecords } from "./seen.js";
import { SqsFeed } from "./sqs-feed.js";

/** Opens `s3://bucket[/prefix]`, `sqs://queue`, or the path of a file or folder. */
export async function openSource(
  config: CloudtrailConfig,
  parameters: string,
  context: PluginContext,
): Promise<SourceInstance> {
  const text = parameters.trim();
  if (text === "") throw new ConfigFailure("open_params is empty: expected s3://BUCKET/PREFIX, sqs://QUEUE, or a path");
  if (text.startsWith("s3://")) return openS3(config, text.slice(5), context);
  if (text.startsWith("sqs://")) return await openSqs(config, text.slice(6), context);
  if (/^[a-z0-9]+:\/\//i.test(text)) throw new ConfigFailure(`open_params ${text}: expected s3://, sqs://, or a path`);
  return new Pump(openLocal(text, settings(config, context, null)));
}

export const OPEN_PARAMETERS: readonly OpenParameter[] = [
  { value: "s3://BUCKET/PREFIX", desc: "log files of a bucket" },
  { value: "sqs://QUEUE", desc: "log files that the messages of a queue name" },
  { value: "PATH", desc: "a log file, or all below a folder" },
];

/** The folder for what is remembered between runs; null: nothing is. */
function stateFolder(config: CloudtrailConfig, context: PluginContext): string | null {
  const folder = config.stateFolder === "" ? context.stateFolder : config.stateFolder;
  if (folder !== null) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function settings(config: CloudtrailConfig, context: PluginContext, seen: SeenRecords | null): LogSettings {
  const folder = stateFolder(config, context);
  const aside = config.quarantine !== "" ? config.quarantine : folder === null ? null : join(folder, "quarantine");
  return {
    insights: config.insights,
    maxRecord: config.maxRecordBytes,
    quarantine: new Quarantine(aside, context),
    counters: new Counters(context),
    seen,
  };
}

/** A file for what `what` remembers: its name tells different things apart, and no two of them. */
function stateFile(folder: string | null, kind: string, what: string): string | null {
  const hash = createHash("sha256").update(what).digest("hex").slice(0, 16);
  return folder === null ? null : join(folder, `cloudtrail-${kind}-${hash}`);
}

function openS3(config: CloudtrailConfig, address: string, context: PluginContext): SourceInstance {
  const [, bucket = "", prefix = ""] = /^([^/]*)\/?(.*)$/.exec(address) ?? [];
  if (bucket === "") throw new ConfigFailure("open_params s3:// has no bucket");
  const now = Date.now();
  const interval = parseInterval(config.s3Interval, now, config.follow ? FOREVER : now);
  const what = JSON.stringify([bucket, prefix, config.s3AccountList, config.s3Interval, config.aws.endpoint]);
  const path = stateFile(stateFolder(config, context), "s3", what);
  const file = new StateFile(path === null ? null : `${path}.json`, what);
  const client = s3Client(config.aws, config.s3DownloadConcurrency);
  return new Pump(
    new S3Feed(client, { bucket, prefix, interval }, config, settings(config, context, null), file, context),
  );
}

async function openSqs(config: CloudtrailConfig, name: string, context: PluginContext): Promise<SourceInstance> {
  if (!/^[A-Za-z0-9_-]{1,80}(\.fifo)?$/.test(name))
    throw new ConfigFailure(`open_params sqs://${name}: not a name of a queue`);
  const client = sqsClient(config.aws);
  const open = async (queue: string): Promise<Queue> =>
    new Queue(client, await queueUrl(client, queue, config.sqsOwnerAccount), context, config.visibilityTimeout);
  const queue = await open(name);
  const dead = config.deadLetterQueue === "" ? null : await open(config.deadLetterQueue);
  const path = stateFile(stateFolder(config, context), "seen", JSON.stringify([queue.url]));
  const seen = config.repeatWindow === 0 ? null : new SeenRecords(config.repeatWindow, path);
  const s3 = s3Client(config.aws, config.s3DownloadConcurrency);
  return new Pump(new SqsFeed(queue, dead, s3, config, settings(config, context, seen), context));
}
