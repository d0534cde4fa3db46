// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { S3Client } from "@aws-sdk/client-s3";
import { ReceiveMessageCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { SourceInstance } from "peregrine/sdk";
import { openSource, TestContext } from "peregrine/sdk/testing";
import { plugin } from "../../plugins/cloudtrail/index.js";
import { objectsOf, UnreadableMessage } from "../../plugins/cloudtrail/notification.js";
import { createQueue, messagesLeft, put, s3Of, sqsOf, startProxy, startQueues, type TestServer } from "./servers.js";
import { idsOf, logFile, readAll } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-sqs-"));
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

async function send(url: string, ...bodies: unknown[]): Promise<void> {
  for (const body of bodies) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text }));
  }
}

const trailMessage = (bucket: string, ...keys: string[]) => ({ s3Bucket: bucket, s3ObjectKey: keys });
const sns = (message: unknown) => ({ Type: "Notification", MessageId: "m", Message: JSON.stringify(message) });
const s3Event = (bucket: string, ...keys: string[]) => ({
  Records: keys.map((key) => ({
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: bucket }, object: { key, size: 100 } },
  })),
});

/** Messages in a queue: waiting, and received but not deleted. */
const left = (url: string): Promise<[waiting: number, hidden: number]> => messagesLeft(sqs, url);

async function waitFor(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; !(await holds()); n++) {
    assert.ok(n < 1500, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function open(name: string, more: object = {}, context = new TestContext(), url = server.url): Promise<SourceInstance> {
  const aws = { endpoint: url, forcePathStyle: true, maxAttempts: 2 };
  return openSource(plugin, { parameters: `sqs://${name}`, config: { aws, ...more }, context });
}

test("what messages say", () => {
  const one = (body: unknown) => objectsOf(JSON.stringify(body)).map(({ bucket, key }) => `${bucket}/${key}`);
  assert.deepEqual(one(sns(trailMessage("b", "k1", "k2"))), ["b/k1", "b/k2"]);
  assert.deepEqual(one(trailMessage("b", "k")), ["b/k"]);
  assert.deepEqual(one(sns(s3Event("b", "a+b%3D%C3%A9", "c"))), ["b/a b=é", "b/c"]);
  assert.deepEqual(one({ Records: [...s3Event("b", "x").Records, ...s3Event("c", "y%zz").Records] }), [
    "b/x",
    "c/y%zz",
  ]);
  const bridge = {
    source: "aws.s3",
    "detail-type": "Object Created",
    detail: { bucket: { name: "b" }, object: { key: "a+b", size: 7 } },
  };
  assert.deepEqual(one(bridge), ["b/a+b"]);
  assert.deepEqual(one({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "b" }), []);
  for (const body of [
    "{",
    "[]",
    "{}",
    '{"Type":"SubscriptionConfirmation","Message":"x"}',
    '{"Type":"Notification","Message":"x"}',
  ]) {
    assert.throws(() => objectsOf(body), UnreadableMessage);
  }
});

test("every form of message; each is deleted when its events are acknowledged, and not before", async () => {
  const url = await queue("forms");
  await put(s3, "forms", {
    "1.json.gz": logFile("one", 3),
    "2.json.gz": logFile("two", 2),
    "3.json.gz": logFile("three", 1),
    "4.json.gz": logFile("four", 1),
  });
  await send(
    url,
    sns(trailMessage("forms", "1.json.gz", "2.json.gz")),
    s3Event("forms", "3.json.gz", "AWSLogs/1/CloudTrail-Digest/x.json.gz"),
    { source: "aws.s3", detail: { bucket: { name: "forms" }, object: { key: "4.json.gz" } } },
    { Event: "s3:TestEvent" },
  );
  const context = new TestContext();
  const source = await open("forms", {}, context);
  const wanted = [...idsOf("one", 3), ...idsOf("two", 2), "three-0", "four-0"];
  const marks: unknown[] = [];
  const ids: string[] = [];
  for (let idle = 0; ids.length < wanted.length || idle < 3; ) {
    const batch = await source.nextBatch(4, 200);
    for (const { data } of batch.events)
      ids.push((JSON.parse(Buffer.from(data as Uint8Array).toString()) as { eventID: string }).eventID);
    if (batch.position !== undefined) marks.push(batch.position);
    idle = batch.events.length === 0 && batch.position === undefined ? idle + 1 : 0;
  }
  assert.deepEqual(ids, wanted);
  assert.deepEqual(await left(url), [0, 4]);
  for (const mark of marks) await source.ack?.(mark);
  await waitFor("an empty queue", async () => (await left(url)).join() === "0,0");
  await source.close();
  assert.equal(context.metrics.get("messages_deleted"), 4);
  assert.equal(context.metrics.get("objects_passed_over"), 1);
});

test("what is not acknowledged comes again, at once after an orderly end; what was delivered before is recognised", async () => {
  const url = await queue("again");
  await put(s3, "again", { "1.json.gz": logFile("one", 10), "2.json.gz": logFile("two", 10) });
  await send(url, s3Event("again", "1.json.gz", "2.json.gz"));
  const config = { stateFolder: join(folder, "again") };
  let source = await open("again", config);
  assert.deepEqual(await readAll(source, { count: 10, max: 10 }), idsOf("one", 10));
  await source.close();
  assert.deepEqual(await left(url), [1, 0]);
  const context = new TestContext();
  source = await open("again", config, context);
  assert.deepEqual(await readAll(source, { until: async () => (await left(url)).join() === "0,0" }), idsOf("two", 10));
  assert.equal(context.metrics.get("records_repeated"), 10);
  assert.equal(context.metrics.get("records_found"), 20);
  await source.close();
});

test("records that only share an ID are not taken for repetitions", async () => {
  const url = await queue("ids");
  const log = (name: string) =>
    JSON.stringify({
      Records: [1, 2, 3].map((n) => ({ eventID: "same", eventTime: "2026-01-01T00:00:00Z", n, name })),
    });
  await put(s3, "ids", { "1.json": log("a"), "2.json": log("b") });
  await send(url, s3Event("ids", "1.json", "2.json", "1.json"));
  const context = new TestContext();
  const source = await open("ids", {}, context);
  assert.equal((await readAll(source, { until: async () => (await left(url)).join() === "0,0" })).length, 6);
  assert.equal(context.metrics.get("records_repeated"), 3);
  await source.close();
});

test("a message that never becomes readable is set aside, with its text; one for a missing object after some tries", async () => {
  const url = await queue("poison");
  const deadUrl = await queue("poison-dead");
  await put(s3, "poison", { "ok.json.gz": logFile("ok", 5), "bad.json.gz": "not gzip" });
  await send(url, "no JSON at all", s3Event("poison", "gone.json.gz", "ok.json.gz"), s3Event("poison", "bad.json.gz"));
  const context = new TestContext();
  const quarantine = join(folder, "aside");
  const source = await open("poison", { maxReceives: 1, quarantine, deadLetterQueue: "poison-dead" }, context);
  const ids = await readAll(source, { until: async () => (await left(url)).join() === "0,0" });
  assert.deepEqual(ids, idsOf("ok", 5));
  await source.close();
  const got = (name: string): number => context.metrics.get(name) ?? 0;
  assert.deepEqual([got("messages_received"), got("messages_deleted"), got("messages_quarantined")], [3, 3, 2]);
  assert.equal(got("records_found"), got("records_delivered") + got("records_quarantined"));
  const { Messages: dead = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: deadUrl, MaxNumberOfMessages: 10 }),
  );
  assert.deepEqual(
    dead.map(({ Body: body }) => body).sort(),
    [JSON.stringify(s3Event("poison", "gone.json.gz", "ok.json.gz")), "no JSON at all"].sort(),
  );
  const kept = readdirSync(quarantine).filter((name) => name.startsWith("message-"));
  assert.equal(kept.length, 2);
});

test("a message for an object that is not there yet is tried again", async () => {
  const url = await queue("early");
  await put(s3, "early", { "x.json.gz": logFile("x", 1) });
  await send(url, s3Event("early", "later.json.gz"));
  const context = new TestContext();
  const source = await open("early", { visibilityTimeout: 5 }, context);
  await readAll(source, { until: () => (context.metrics.get("messages_returned") ?? 0) > 0 });
  await put(s3, "early", { "later.json.gz": logFile("later", 2) });
  assert.deepEqual(await readAll(source, { count: 2 }), idsOf("later", 2));
  await source.close();
});

test("neither quarantine nor dead-letter queue: the message stays", async () => {
  const url = await queue("stays");
  await send(url, "no JSON");
  const context = new TestContext();
  const source = await open("stays", { maxReceives: 1 }, context);
  await readAll(source, { until: () => context.logs.some(({ message }) => message.includes("stays in the queue")) });
  await source.close();
  assert.deepEqual(
    (await left(url)).reduce((a, b) => a + b),
    1,
  );
});

test("throttling, server errors and lost connections: every message is read and deleted", async () => {
  const url = await queue("faulty");
  const names = Array.from({ length: 10 }, (_, n) => `${n}.json.gz`);
  await put(s3, "faulty", Object.fromEntries(names.map((name, n) => [name, logFile(`f${n}`, 100)])));
  await send(url, ...names.map((name) => s3Event("faulty", name)));
  const kinds = ["no", "throttle", "error", "no", "reset"] as const;
  const proxy = await startProxy(server.url, (_method, _path, n) =>
    n > 1 && n < 50 ? (kinds[n % kinds.length] ?? "no") : "no",
  );
  // A message whose answer is lost on its way is hidden for so long: it comes again then.
  const config = { stateFolder: join(folder, "faulty"), visibilityTimeout: 5 };
  const source = await open("faulty", config, new TestContext(), proxy.url);
  const ids = await readAll(source, { until: async () => (await left(url)).join() === "0,0" });
  await source.close();
  assert.deepEqual(ids.sort(), names.flatMap((_, n) => idsOf(`f${n}`, 100)).sort());
  assert.ok(proxy.faults() > 15, String(proxy.faults()));
  await proxy.stop();
});

test("a long file is kept hidden while it is read", async () => {
  const url = await queue("long");
  await put(s3, "long", { "1.json.gz": logFile("long", 50) });
  await send(url, s3Event("long", "1.json.gz"));
  const source = await open("long", { visibilityTimeout: 5 });
  const started = Date.now();
  const ids = await readAll(source, {
    max: 5,
    count: 45,
    ack: false,
    until: async () => await new Promise((resolve) => setTimeout(resolve, 800, false)),
  });
  assert.ok(Date.now() - started > 6000);
  assert.deepEqual(await left(url), [0, 1]);
  const [last] = [await readAll(source, { until: async () => (await left(url)).join() === "0,0" })];
  assert.deepEqual([...ids, ...last], idsOf("long", 50));
  await source.close();
});

function reader(config: object, out: string): ChildProcess {
  const child = fileURLToPath(new URL("reader-child.js", import.meta.url));
  const argument = JSON.stringify({ name: "cloudtrail", parameters: "sqs://shared", config, out, pause: 20 });
  return spawn(process.execPath, [child, argument], { stdio: "inherit" });
}

test("three readers of one queue, one of them killed: every event comes", async () => {
  const url = await queue("shared");
  const names = Array.from({ length: 30 }, (_, n) => `${n}.json.gz`);
  await put(s3, "shared", Object.fromEntries(names.map((name, n) => [name, logFile(`s${n}`, 60)])));
  await send(url, ...names.map((name) => sns(trailMessage("shared", name))));
  const aws = { endpoint: server.url, forcePathStyle: true };
  const out = (n: number): string => join(folder, `shared-${n}.out`);
  const lines = (n: number): string[] =>
    existsSync(out(n)) ? readFileSync(out(n), "utf8").split("\n").slice(0, -1) : [];
  const readers = [0, 1, 2].map((n) =>
    reader({ aws, stateFolder: join(folder, `shared-${n}`), visibilityTimeout: 6 }, out(n)),
  );
  const exits = readers.map((one) => once(one, "exit"));
  await waitFor("the first reader", () => lines(0).length > 60);
  readers[0]?.kill("SIGKILL");
  await waitFor("an empty queue", async () => (await left(url)).join() === "0,0");
  for (const one of readers) one.kill("SIGTERM");
  await Promise.all(exits);
  const all = new Set([0, 1, 2].flatMap(lines));
  assert.deepEqual([...all].sort(), names.flatMap((_, n) => idsOf(`s${n}`, 60)).sort());
  assert.ok(lines(1).length > 0 && lines(2).length > 0);
});

test("credentials are never logged", async () => {
  const context = new TestContext();
  await assert.rejects(open("no-such-queue", {}, context), /cannot find the queue no-such-queue/);
  const proxy = await startProxy(server.url, (_method, _path, n) => (n > 1 ? "error" : "no"));
  await queue("secrets");
  const source = await open("secrets", {}, context, proxy.url);
  await assert.rejects(
    (async () => {
      for (;;) await source.nextBatch(1, 500);
    })(),
    (error: Error) => !/S3RVER|Authorization|Signature/i.test(`${error.message}${error.stack}`),
  );
  await source.close();
  assert.doesNotMatch(JSON.stringify(context.logs), /S3RVER|Authorization|Signature/i);
  await proxy.stop();
});
