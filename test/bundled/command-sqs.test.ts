// SPDX-License-Identifier: Apache-2.0

/* The command reads a queue, and is killed, refused and starved; what went in comes out. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { S3Client } from "@aws-sdk/client-s3";
import { ReceiveMessageCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { type Command, startCommand } from "./command.js";
import {
  createQueue,
  type Fault,
  messagesLeft,
  put,
  s3Of,
  sqsOf,
  startProxy,
  startQueues,
  type TestServer,
} from "./servers.js";
import { idsOf, logFile, record } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-command-sqs-"));
let server: TestServer;
let s3: S3Client;
let sqs: SQSClient;
before(async () => {
  server = await startQueues();
  s3 = s3Of(server);
  sqs = sqsOf(server);
});
after(async () => {
  s3.destroy();
  sqs.destroy();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const queue = (name: string): Promise<string> => createQueue(sqs, name);

/** Objects of a bucket, and one message for each. */
async function upload(url: string, bucket: string, objects: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await put(s3, bucket, objects);
  for (const [key, bytes] of Object.entries(objects)) {
    const named = { s3: { bucket: { name: bucket }, object: { key, size: bytes.length } } };
    await say(url, JSON.stringify({ Records: [named] }));
  }
}

async function say(url: string, body: string): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
}

/** Messages that wait, and that somebody has, as in "1,0". */
async function left(url: string): Promise<string> {
  return (await messagesLeft(sqs, url)).join();
}

const LONG = 1200;
/** A log that is so long that it is read as a stream: 18 MB. */
function longFile(name: string): Uint8Array {
  const requestParameters = { text: "x".repeat(15_000) };
  const records = Array.from({ length: LONG }, (_, n) => record(`${name}-${n}`, { requestParameters }));
  return Buffer.from(JSON.stringify({ Records: records }));
}

function start(name: string, url: string, more: { place?: string; output?: string; config?: object } = {}): Command {
  const aws = { endpoint: url, forcePathStyle: true, maxAttempts: 3 };
  return startCommand({
    folder: join(folder, more.place ?? name),
    plugin: "cloudtrail",
    openParams: `sqs://${name}`,
    initConfig: { aws, visibilityTimeout: 5, ...more.config },
    ...(more.output === undefined ? {} : { output: more.output }),
  });
}

/** Bytes of what is remembered of records that were acknowledged. */
function remembered(place: string): number {
  const names = existsSync(place) ? readdirSync(place).filter((name) => name.startsWith("cloudtrail-seen-")) : [];
  return names.reduce((sum, name) => sum + statSync(join(place, name)).size, 0);
}

test("killed in the middle of a file and started again: every record is alerted, and what was acknowledged is known again", async () => {
  const url = await queue("killed");
  await upload(url, "killed", {
    "a.json.gz": logFile("a", 60),
    "long.json": longFile("long"),
    "z.json.gz": logFile("z", 60),
  });
  let held = 0;
  const hold: Fault = (method, path) =>
    method === "GET" && path.includes("long.json") && held++ === 0 ? "hold" : "no";
  const proxy = await startProxy(server.url, hold);
  let command = start("killed", proxy.url);
  const inLong = (ids: readonly string[]): string[] => ids.filter((id) => id.startsWith("long-"));
  await command.until("half a file", () => inLong(command.ids()).length > 100 && remembered(command.folder) > 60 * 16);
  await command.kill();
  const first = command.ids();
  assert.ok(inLong(first).length < LONG, "the file was read to its end");
  command = start("killed", proxy.url);
  const wanted = [...idsOf("a", 60), ...idsOf("long", LONG), ...idsOf("z", 60)];
  await command.until("an empty queue", async () => (await left(url)) === "0,0");
  const summary = await command.stop();
  const all = command.ids();
  assert.deepEqual([...new Set(all)].sort(), wanted.sort());
  summary.balances();
  // Of those that had been alerted, each that came again was either known or alerted twice.
  const again = all.length - wanted.length;
  assert.equal(summary.alerts, all.length - first.length);
  assert.ok(summary.metric("records_repeated") > 0);
  assert.ok(summary.metric("records_repeated") + again >= inLong(first).length);
  await proxy.stop();
});

test("throttled, cut off, poisoned: records are evaluated or set aside, messages deleted or set aside", async () => {
  const url = await queue("poisoned");
  const dead = await queue("poisoned-dead");
  const damaged = `{"Records":[${JSON.stringify(record("d-0"))},{"eventID":"d-1","eventTime":nonsense},${JSON.stringify(record("d-2"))},{"eventID":"d-3"}]}`;
  const cut = gzipSync(
    `{"Records":[${idsOf("cut", 3000).map((id) => JSON.stringify(record(id, { more: Math.random() })))}]}`,
  );
  const good = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n}.json.gz`, logFile(`g${n}`, 50)]));
  await upload(url, "poisoned", {
    ...good,
    "damaged.json": Buffer.from(damaged),
    "cut.json.gz": cut.subarray(0, cut.length / 2),
    "noise.json.gz": Buffer.from("no gzip and no JSON"),
  });
  await say(url, "no message at all");
  await say(url, JSON.stringify({ s3Bucket: "poisoned", s3ObjectKey: ["gone.json.gz"] }));
  await say(url, JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "poisoned" }));
  const kinds = ["throttle", "no", "no", "error", "no", "no", "reset", "no", "no", "cut", "no"] as const;
  const proxy = await startProxy(server.url, (_method, _path, n) => kinds[n % kinds.length] ?? "no");
  const command = start("poisoned", proxy.url, { config: { maxReceives: 1, deadLetterQueue: "poisoned-dead" } });
  await command.until("an empty queue", async () => (await left(url)) === "0,0");
  const summary = await command.stop();
  const ids = new Set(command.ids());
  for (const id of [...Object.keys(good).flatMap((_, n) => idsOf(`g${n}`, 50)), "d-0", "d-2"])
    assert.ok(ids.has(id), id);
  assert.ok(!ids.has("d-1") && !ids.has("d-3"));
  const inCut = [...ids].filter((id) => id.startsWith("cut-")).length;
  assert.ok(inCut > 0 && inCut < 3000, String(inCut));
  summary.balances();
  assert.ok(proxy.faults() > 5);
  // Two records of the damaged file, the noise, and the end of the file that is cut off if there is a piece of a record.
  assert.ok([3, 4].includes(summary.metric("records_quarantined")), String(summary.metric("records_quarantined")));
  assert.equal(summary.metric("files_quarantined"), 1);
  assert.equal(summary.metric("messages_quarantined"), 2);
  const index = readFileSync(join(command.folder, "quarantine", "index.jsonl"), "utf8");
  for (const name of ["damaged.json, record 2", "damaged.json, record 4", "cut.json.gz", "noise.json.gz", "message"]) {
    assert.ok(index.includes(name), `${name} in ${index}`);
  }
  const { Messages: messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: dead, MaxNumberOfMessages: 10 }),
  );
  const bodies = messages.map(({ Body: body = "" }) => body);
  assert.ok(bodies.includes("no message at all") && bodies.some((body) => body.includes("gone.json.gz")));
  await proxy.stop();
});

test("outputs that take no alerts: the command fails, and the message stays for the next one", async () => {
  const url = await queue("full");
  await upload(url, "full", { "a.json.gz": logFile("a", 60) });
  let command = start("full", server.url, { output: "/dev/full" });
  assert.equal(await command.ended(), 1);
  assert.ok(
    command.log.some(({ msg }) => msg.includes("ENOSPC")),
    JSON.stringify(command.log),
  );
  assert.notEqual(await left(url), "0,0");
  command = start("full", server.url, { output: "stdout" });
  // Nobody is going to read.
  command.process.stdout?.destroy();
  assert.equal(await command.ended(), 1);
  assert.notEqual(await left(url), "0,0");
  command = start("full", server.url, { output: "stdout" });
  await command.until("an empty queue", async () => (await left(url)) === "0,0");
  (await command.stop()).balances();
  assert.deepEqual(command.ids(), idsOf("a", 60));
});

test("three processes share a queue, one is killed in the middle of a file: every record is alerted", async () => {
  const url = await queue("shared");
  await upload(url, "shared", { "long.json": longFile("long") });
  let held = 0;
  const hold: Fault = (method, path) =>
    method === "GET" && path.includes("long.json") && held++ === 0 ? "hold" : "no";
  const proxy = await startProxy(server.url, hold);
  const commands = [0, 1, 2].map((n) => start("shared", proxy.url, { place: `shared-${n}` }));
  const alive = (): boolean => {
    for (const { running, log } of commands) assert.ok(running, JSON.stringify(log));
    return true;
  };
  let victim: Command | undefined;
  await commands[0]?.until("half a file", () => {
    alive();
    victim = commands.find((command) => command.ids().length > 100);
    return victim !== undefined;
  });
  const names = Array.from({ length: 40 }, (_, n) => `${n}.json.gz`);
  await upload(url, "shared", Object.fromEntries(names.map((name, n) => [name, logFile(`s${n}`, 60)])));
  const others = commands.filter((command) => command !== victim);
  await others[0]?.until("files of the others", () => alive() && others.flatMap((each) => each.ids()).length > 10 * 60);
  await victim?.kill();
  await others[0]?.until("an empty queue", async () => (await left(url)) === "0,0");
  for (const command of others) (await command.stop()).balances();
  const all = commands.flatMap((command) => command.ids());
  assert.deepEqual(
    [...new Set(all)].sort(),
    [...idsOf("long", LONG), ...names.flatMap((_, n) => idsOf(`s${n}`, 60))].sort(),
  );
  await proxy.stop();
});
