// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { sharedFile } from "../inputs.js";
import { usageOf } from "../live/watched.js";
import { isMain, largeCaptures, packageRoot } from "../paths.js";
import { textTable } from "../table.js";
import { makeLogs, realRecords } from "./logs.js";

const USAGE = `Usage: npm run bench:queue -- [OPTIONS]

Some processes of the command share one SQS queue (a server on this machine) of gzip files of 10,000 CloudTrail records each, with
the official rules. Needs the reference data (../shared).

  --files N         files (default 40)
  --processes LIST  default 1,2,3
`;

const KEYS = { accessKeyId: "bench", secretAccessKey: "bench" };
const PER_FILE = 10_000;
/** What a process takes to start, ms: messages come when all are there. */
const START = 10_000;

function start(folder: string, n: number, endpoint: string, rules: string): ChildProcess {
  const place = join(folder, String(n));
  mkdirSync(place);
  const init = { aws: { endpoint, forcePathStyle: true, region: "us-east-1" } };
  const config = {
    rules_files: [rules],
    plugins: [
      {
        name: "cloudtrail",
        library_path: "cloudtrail",
        init_config: init,
        open_params: "sqs://b",
        state_folder: place,
      },
      { name: "json", library_path: "json" },
    ],
    file_output: { enabled: true, filename: join(place, "alerts.txt") },
  };
  writeFileSync(join(place, "falco.yaml"), JSON.stringify(config));
  const args = [join(packageRoot(), "bin/peregrine.js"), "-c", join(place, "falco.yaml"), "--workers", "1"];
  const env = { ...process.env, AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey };
  return spawn(process.execPath, args, { stdio: "ignore", env });
}

async function measure(logs: string, processes: number, rules: string): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-bench-queue-"));
  const app = buildApp({ logger: false, host: "127.0.0.1" });
  const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
  const settings = { endpoint, region: "us-east-1", credentials: KEYS };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const sqs = new SQSClient(settings);
  const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: "b" }));
  await s3.send(new CreateBucketCommand({ Bucket: "b" }));
  const running = Array.from({ length: processes }, (_, n) => start(folder, n, endpoint, rules));
  try {
    const names = readdirSync(logs).filter((name) => name.endsWith(".gz"));
    for (const name of names) {
      await s3.send(new PutObjectCommand({ Bucket: "b", Key: name, Body: readFileSync(join(logs, name)) }));
    }
    await sleep(START);
    const used = (): number => running.reduce((sum, { pid = 0 }) => sum + usageOf(pid).cpuNs, 0);
    const before = used();
    const from = performance.now();
    for (const name of names) {
      const body = JSON.stringify({ s3Bucket: "b", s3ObjectKey: [name] });
      await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    }
    for (;;) {
      const wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const { Attributes: left } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...wanted] }),
      );
      if (wanted.every((name) => left?.[name] === "0")) break;
      await sleep(50);
    }
    const seconds = (performance.now() - from) / 1000;
    const cpu = (used() - before) / 1e9;
    const records = names.length * PER_FILE;
    return [processes, records / seconds, records / cpu];
  } finally {
    for (const one of running) one.kill("SIGTERM");
    await Promise.all(running.map((one) => (one.exitCode === null ? once(one, "exit") : null)));
    s3.destroy();
    sqs.destroy();
    app.server.closeAllConnections();
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      files: { type: "string", default: "40" },
      processes: { type: "string", default: "1,2,3" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const real = sharedFile("cloudtrail");
  const rules = sharedFile("rules/official/aws_cloudtrail_rules.yaml");
  if (real === null || rules === null) {
    process.stdout.write("bench:queue needs the reference data (../shared)\n");
    return 0;
  }
  const files = Number(values.files);
  const logs = makeLogs(realRecords(real), join(largeCaptures(), `cloudtrail-${files}`), files, PER_FILE);
  const rows: string[][] = [];
  for (const processes of values.processes.split(",").map(Number)) {
    rows.push((await measure(logs.folder, processes, rules)).map((cell) => cell.toFixed(0)));
  }
  process.stdout.write(`${logs.records} records in ${files} messages\n`);
  process.stdout.write(
    `${textTable({ head: ["processes", "records/s by the clock", "records a CPU second"], rows })}\n`,
  );
  return 0;
}

if (isMain(import.meta.url)) process.exitCode = await main();
