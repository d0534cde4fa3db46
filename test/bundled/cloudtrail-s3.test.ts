// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { S3Client } from "@aws-sdk/client-s3";
import { openSource, TestContext } from "peregrine/sdk/testing";
import { plugin } from "../../plugins/cloudtrail/index.js";
import { minute, parseInterval } from "../../plugins/cloudtrail/interval.js";
import { put, s3Of, startProxy, startQueues, startS3, type TestServer } from "./servers.js";
import { idsOf, logFile, readAll, trailKey } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-s3-"));
let server: TestServer;
let client: S3Client;
/** Lists folders, which the other server does not. */
let folders: TestServer;
let trail: S3Client;
before(async () => {
  server = await startS3(join(folder, "objects"));
  client = s3Of(server);
  folders = await startQueues();
  trail = s3Of(folders);
});
after(async () => {
  client.destroy();
  trail.destroy();
  await server.stop();
  await folders.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(parameters: string, more: object = {}, context = new TestContext(), url = server.url) {
  const config = { aws: { endpoint: url, forcePathStyle: true, maxAttempts: 2 }, ...more };
  return openSource(plugin, { parameters, config, context });
}

async function scan(
  parameters: string,
  more: object = {},
  context = new TestContext(),
  url = server.url,
): Promise<string[]> {
  const source = await open(parameters, more, context, url);
  const ids = await readAll(source);
  await source.close();
  return ids;
}

const A = "111111111111";
const B = "222222222222";

test("a bucket as it is: log files in the order of their names, whatever the concurrency", async () => {
  await put(client, "plain", {
    "b/2.json.gz": logFile("b2", 30),
    "a/1.json": JSON.stringify({ Records: [] }),
    "a/0.json.gz": logFile("a0", 3),
    "b/readme.txt": "x",
    "b/CloudTrail-Digest/1.json.gz": "x",
    "c.json.gz": logFile("c", 1),
  });
  const wanted = [...idsOf("a0", 3), ...idsOf("b2", 30), ...idsOf("c", 1)];
  for (const s3DownloadConcurrency of [1, 2, 32])
    assert.deepEqual(await scan("s3://plain", { s3DownloadConcurrency }), wanted);
  const context = new TestContext();
  assert.deepEqual(await scan("s3://plain/b/", {}, context), idsOf("b2", 30));
  assert.equal(context.metrics.get("objects_passed_over"), 2);
});

test("accounts, regions and intervals of a trail", async () => {
  const [old, late] = ["20230101T0005", "20230203T1000"];
  const objects: Record<string, Uint8Array> = {};
  for (const [account, region] of [
    [A, "us-east-1"],
    [A, "eu-west-1"],
    [B, "us-east-1"],
  ] as const) {
    for (const stamp of [old, late])
      objects[trailKey(account, region, stamp, "x")] = logFile(`${account}/${region}/${stamp}`, 1);
  }
  objects[`logs/AWSLogs/${A}/CloudTrail-Digest/us-east-1/2023/02/03/d.json.gz`] = logFile("digest", 1);
  objects[`logs/AWSLogs/${A}/Config/us-east-1/c.json.gz`] = logFile("config", 1);
  await put(trail, "trail", objects);
  const of = (address: string, more: object = {}): Promise<string[]> =>
    scan(address, more, new TestContext(), folders.url);
  const name = (account: string, region: string, stamp: string): string => `${account}/${region}/${stamp}-0`;
  const all = (account: string, ...stamps: string[]): string[] =>
    (account === A ? ["eu-west-1", "us-east-1"] : ["us-east-1"]).flatMap((region) =>
      stamps.map((stamp) => name(account, region, stamp)),
    );
  assert.deepEqual(await of(`s3://trail/logs/AWSLogs/${A}`), all(A, old, late));
  assert.deepEqual(await of("s3://trail/logs/AWSLogs/"), [...all(A, old, late), ...all(B, old, late)]);
  assert.deepEqual(await of("s3://trail/logs/AWSLogs", { s3AccountList: ` ${B} ,` }), all(B, old, late));
  assert.deepEqual(await of(`s3://trail/logs/AWSLogs/${A}/CloudTrail/eu-west-1/`), [
    name(A, "eu-west-1", old),
    name(A, "eu-west-1", late),
  ]);
  const s3Interval = "2023-02-03T09:00:00Z-2023-02-03T10:00:00Z";
  assert.deepEqual(await of(`s3://trail/logs/AWSLogs/${A}/`, { s3Interval }), all(A, late));
  assert.deepEqual(
    await of(`s3://trail/logs/AWSLogs/${A}/`, { s3Interval: "2023-01-01T00:00:00Z-2023-01-02T00:00:00Z" }),
    all(A, old),
  );
  assert.deepEqual(await of(`s3://trail/logs/AWSLogs/${A}/`, { s3Interval: "1d" }), []);
});

test("thousands of objects: no more are fetched ahead than are wanted, and progress is told", async () => {
  const names = Array.from({ length: 1500 }, (_, n) => `many/${String(n).padStart(4, "0")}.json.gz`);
  for (let at = 0; at < names.length; at += 50) {
    const some = names.slice(at, at + 50);
    await Promise.all(some.map((name) => put(trail, "many", { [name]: logFile(name, 2) })));
  }
  let fetched = 0;
  const proxy = await startProxy(folders.url, (method, path) => {
    if (method === "GET" && path.includes(".json.gz")) fetched++;
    return "no";
  });
  const context = new TestContext();
  const source = await open("s3://many/many/", { s3DownloadConcurrency: 16 }, context, proxy.url);
  let objects = 0;
  let ahead = 0;
  const told: string[] = [];
  const ids = await readAll(source, {
    max: 20,
    until: () => {
      // An object is counted when the next piece is asked for.
      objects = context.metrics.get("files") ?? 0;
      ahead = Math.max(ahead, fetched - objects);
      const { text } = source.progress?.() ?? { text: "" };
      if (told.at(-1) !== text) told.push(text);
      return false;
    },
  });
  await source.close();
  assert.deepEqual(
    ids,
    names.flatMap((name) => idsOf(name, 2)),
  );
  assert.equal(context.metrics.get("files"), names.length);
  assert.ok(ahead <= 17, `${ahead} objects in memory`);
  assert.ok(told.length > 50 && /^1\d\d\d objects, [23]\d\d\d records/.test(told.at(-1) ?? ""), told.at(-1));
  await proxy.stop();
});

test("intervals", () => {
  const now = Date.UTC(2026, 0, 10, 12);
  const day = 86_400_000;
  assert.equal(parseInterval("", now), null);
  assert.deepEqual(parseInterval("2d", now), { start: now - 2 * day, end: now });
  assert.deepEqual(parseInterval("2w-90m", now), { start: now - 14 * day, end: now - 90 * 60_000 });
  assert.deepEqual(parseInterval("2026-01-01T00:00:00Z", now), { start: Date.UTC(2026, 0, 1), end: now });
  assert.deepEqual(parseInterval("2026-01-01T00:00:00Z-1d", now), { start: Date.UTC(2026, 0, 1), end: now - day });
  assert.deepEqual(parseInterval("3d-2026-01-09T00:00:00Z", now), { start: now - 3 * day, end: Date.UTC(2026, 0, 9) });
  for (const text of ["x", "1d-2d", "2026-01-01", "1d-", "-1d", "2026-99-01T00:00:00Z"])
    assert.throws(() => parseInterval(text, now), /s3Interval/);
  assert.equal(minute(now), "20260110T1200");
});

test("a poisoned file, a damaged record and an object that is gone are set aside; all else comes", async () => {
  const whole = logFile("half", 5000);
  await put(client, "poison", {
    "1.json.gz": logFile("one", 3),
    "2.json.gz": "not gzip",
    "3.json.gz": whole.subarray(0, whole.length - 500),
    "4.json": '{"Records":[{"eventTime":"2026-01-01T00:00:00Z","eventID":"ok"},{"broken":}]}',
    "5.json.gz": logFile("five", 3),
  });
  const aside = join(folder, "aside");
  const context = new TestContext();
  const ids = await scan("s3://poison", { quarantine: aside }, context);
  assert.deepEqual(ids.slice(0, 3), idsOf("one", 3));
  assert.deepEqual(ids.slice(-4), ["ok", ...idsOf("five", 3)]);
  const got = (metric: string): number => context.metrics.get(metric) ?? 0;
  assert.equal(got("records_found"), got("records_delivered") + got("records_quarantined"));
  assert.equal(got("files_quarantined"), 1);
  const lines = readFileSync(join(aside, "index.jsonl"), "utf8").trim().split("\n");
  const index = lines.map((line) => JSON.parse(line) as { kind: string; from: string; file: string });
  assert.deepEqual(
    new Set(index.map(({ from }) => from.replace(/, record.*/, ""))),
    new Set(["s3://poison/2.json.gz", "s3://poison/3.json.gz", "s3://poison/4.json"]),
  );
  const file = index.find(({ kind }) => kind === "file");
  assert.deepEqual(readFileSync(join(aside, file?.file ?? "")), Buffer.from(whole.subarray(0, whole.length - 500)));
});

test("throttling, server errors, lost connections and cut answers: everything comes once and in order", async () => {
  const objects = Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`${String(n).padStart(2, "0")}.json.gz`, logFile(`f${n}`, 400)]),
  );
  await put(client, "faulty", objects);
  const kinds = ["throttle", "no", "error", "cut", "reset", "no", "throttle", "error"] as const;
  const proxy = await startProxy(server.url, (_method, _path, n) =>
    n < 60 ? (kinds[n % kinds.length] ?? "no") : "no",
  );
  const source = await open("s3://faulty", { s3DownloadConcurrency: 3 }, new TestContext(), proxy.url);
  assert.deepEqual(await readAll(source), Array.from({ length: 12 }, (_, n) => idsOf(`f${n}`, 400)).flat());
  await source.close();
  assert.ok(proxy.faults() > 20, String(proxy.faults()));
  await proxy.stop();
});

test("a bucket that does not exist is no reason to try again", async () => {
  const source = await open("s3://nowhere-at-all");
  await assert.rejects(async () => void (await source.nextBatch(10, 5000)), { name: "SourceFailure", retry: false });
  await source.close();
});

test("follow: what is new comes, also behind names that were passed; after a restart nothing twice and nothing lost", async () => {
  const state = join(folder, "state-follow");
  const key = (stamp: string, suffix: string): string => trailKey(A, "us-east-1", stamp, suffix);
  const stamp = minute(Date.now());
  await put(trail, "follow", { [key(stamp, "m")]: logFile("m", 5) });
  const config = { follow: true, pollSeconds: 0.2, stateFolder: state };
  const parameters = `s3://follow/logs/AWSLogs/${A}/`;
  let source = await open(parameters, config, new TestContext(), folders.url);
  assert.deepEqual(await readAll(source, { count: 5 }), idsOf("m", 5));
  // Names before and behind the one that was read, and another region.
  await put(trail, "follow", { [key(stamp, "a")]: logFile("a", 2), [key(stamp, "z")]: logFile("z", 2) });
  assert.deepEqual((await readAll(source, { count: 4 })).sort(), [...idsOf("a", 2), ...idsOf("z", 2)]);
  await put(trail, "follow", { [trailKey(A, "eu-west-1", stamp, "e")]: logFile("e", 300) });
  // Only a part of the file is acknowledged.
  const some = await readAll(source, { count: 100, max: 50 });
  assert.deepEqual(some, idsOf("e", 300).slice(0, some.length));
  await source.close();
  await put(trail, "follow", { [key(stamp, "q")]: logFile("q", 1) });
  source = await open(parameters, config, new TestContext(), folders.url);
  const rest = await readAll(source, { count: 300 - some.length + 1 });
  assert.deepEqual(rest, [...idsOf("e", 300).slice(some.length), "q-0"]);
  assert.deepEqual(
    await readAll(source, { until: async () => await new Promise((resolve) => setTimeout(resolve, 700, true)) }),
    [],
  );
  await source.close();
});

test("a pass that is over starts anew, one that was stopped goes on", async () => {
  const stateFolder = join(folder, "state-pass");
  await put(client, "pass", { "1.json.gz": logFile("one", 30), "2.json.gz": logFile("two", 30) });
  const all = [...idsOf("one", 30), ...idsOf("two", 30)];
  assert.deepEqual(await scan("s3://pass", { stateFolder }), all);
  assert.deepEqual(await scan("s3://pass", { stateFolder }), all);
  const source = await open("s3://pass", { stateFolder });
  const some = await readAll(source, { count: 40, max: 10 });
  await source.close();
  assert.deepEqual([...some, ...(await scan("s3://pass", { stateFolder }))], all);
  assert.equal(readdirSync(stateFolder).filter((name) => name.endsWith(".json")).length, 0);
});

test("kill -9 again and again: every event comes, few of them twice", async () => {
  const files = 8;
  const perFile = 250;
  const objects = Object.fromEntries(
    Array.from({ length: files }, (_, n) => [`${n}.json.gz`, logFile(`k${n}`, perFile)]),
  );
  await put(client, "kill", objects);
  const out = join(folder, "kill.out");
  const child = fileURLToPath(new URL("reader-child.js", import.meta.url));
  const config = { aws: { endpoint: server.url, forcePathStyle: true }, stateFolder: join(folder, "state-kill") };
  const lines = (): string[] => (existsSync(out) ? readFileSync(out, "utf8").split("\n").slice(0, -1) : []);
  let kills = 0;
  for (;;) {
    const process_ = spawn(
      process.execPath,
      [child, JSON.stringify({ name: "cloudtrail", parameters: "s3://kill", config, out, pause: 5 })],
      { stdio: "inherit" },
    );
    const exit = once(process_, "exit");
    const from = lines().length;
    if (kills < 4) {
      while (lines().length < from + 150 && process_.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
      process_.kill("SIGKILL");
      kills++;
    }
    const [code] = (await exit) as [number | null];
    if (code !== null) {
      assert.equal(code, 0);
      break;
    }
  }
  const all = Array.from({ length: files }, (_, n) => idsOf(`k${n}`, perFile)).flat();
  assert.deepEqual([...new Set(lines())], all);
  assert.ok(lines().length < all.length * 2, `${lines().length - all.length} came twice`);
});
