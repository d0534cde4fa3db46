// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { SourceEvent, SourceInstance } from "peregrine/sdk";
import { openSource, pluginEvent, TestContext } from "peregrine/sdk/testing";
import { plugin } from "../../plugins/cloudtrail/index.js";
import { shared, withoutShared } from "../support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-cloudtrail-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const event = (n: number, more: object = {}) => ({
  eventTime: "2026-01-02T03:04:05Z",
  eventType: "AwsApiCall",
  eventID: `e${n}`,
  ...more,
});
const log = (...records: unknown[]): string => JSON.stringify({ Records: records });

async function drain(source: SourceInstance, max = 1000): Promise<SourceEvent[]> {
  const events: SourceEvent[] = [];
  for (;;) {
    const batch = await source.nextBatch(max, 1000);
    // What a batch holds is only good until the next one.
    for (const { data, time } of batch.events) events.push({ data: Buffer.from(data as Uint8Array), time: time ?? 0n });
    assert.ok(batch.events.length <= max);
    if (batch.end === true) break;
  }
  await source.close();
  return events;
}

const ids = (events: readonly SourceEvent[]): string[] =>
  events.map(({ data }) => (JSON.parse(data.toString()) as { eventID: string }).eventID);

async function read(path: string, config: object = {}, context = new TestContext(), max = 1000) {
  return await drain(await openSource(plugin, { parameters: path, config, context }), max);
}

test("a folder: nested files in the order of their names, plain and gzip, whatever the batch size", async () => {
  const root = join(folder, "tree");
  file("tree/b/2.json.gz", gzipSync(log(event(3), event(4))));
  file("tree/b/1.json", log(event(2)));
  file("tree/a.json", log(event(1)));
  file("tree/c.json", JSON.stringify([event(5)]));
  file("tree/d.json", `${JSON.stringify(event(6))}\n${JSON.stringify(event(7))}\n`);
  file("tree/not.txt", "x");
  const wanted = ["e1", "e2", "e3", "e4", "e5", "e6", "e7"];
  for (const max of [1, 2, 3, 100]) assert.deepEqual(ids(await read(root, {}, new TestContext(), max)), wanted);
});

test("time is eventTime in nanoseconds; events stay in the order of the file", async () => {
  const times = ["2026-01-02T03:04:05Z", "2026-01-01T00:00:00.123456789Z", "2026-01-01T01:00:00+01:00"];
  const events = await read(file("times.json", log(...times.map((eventTime, n) => event(n, { eventTime })))));
  assert.deepEqual(
    events.map(({ time }) => time),
    [1767323045000000000n, 1767225600123456789n, 1767225600000000000n],
  );
});

test("bad records and files are counted, named and set aside; the rest is read", async () => {
  const root = join(folder, "bad");
  file("bad/1.json", `{"Records":[${JSON.stringify(event(1))},{"a":nul},{"eventID":"no time"},{"eventTime":"soon"}]}`);
  const whole = gzipSync(log(...Array.from({ length: 5000 }, (_, n) => event(n, { x: Math.sin(n) }))));
  file("bad/2.json.gz", whole.subarray(0, whole.length / 2));
  file("bad/3.json", "<html>");
  file("bad/4.json.gz", "not gzip at all");
  file("bad/5.json", log(event(9)));
  const aside = join(folder, "aside");
  const context = new TestContext();
  const events = ids(await read(root, { quarantine: aside }, context));
  assert.equal(events[0], "e1");
  assert.equal(events.at(-1), "e9");
  const got = (name: string): number => context.metrics.get(name) ?? 0;
  assert.equal(got("files_quarantined"), 1);
  // Those of the first file, the rest of the second, and what is no JSON.
  assert.equal(got("records_found"), got("records_delivered") + got("records_quarantined"));
  assert.equal(got("records_delivered"), events.length);
  const index = readFileSync(join(aside, "index.jsonl"), "utf8").trim().split("\n");
  const lines = index.map((line) => JSON.parse(line) as { kind: string; from: string; reason: string; file?: string });
  assert.equal(lines.length, got("records_quarantined") + got("files_quarantined"));
  const kept = lines.find((line) => line.reason === "not valid JSON");
  assert.equal(readFileSync(join(aside, kept?.file ?? ""), "utf8"), '{"a":nul}');
  assert.ok(lines.some((line) => line.kind === "file" && line.from.endsWith("2.json.gz") && /gzip/.test(line.reason)));
  for (const name of ["1.json", "2.json.gz", "3.json", "4.json.gz"]) {
    assert.ok(
      context.logs.some(({ level, message }) => level === "error" && message.includes(name)),
      name,
    );
  }
  assert.equal(readdirSync(aside).filter((name) => name.endsWith(".part")).length, 0);
});

test("Insight events are passed over and counted, unless they are wanted", async () => {
  const path = file(
    "insight.json",
    log(event(1, { eventType: "AwsCloudTrailInsight" }), event(2), { ...event(3), eventType: undefined }),
  );
  const context = new TestContext();
  assert.deepEqual(ids(await read(path, {}, context)), ["e2", "e3"]);
  assert.equal(context.metrics.get("records_passed_over"), 1);
  assert.deepEqual(ids(await read(path, { insights: true })), ["e1", "e2", "e3"]);
});

test("large gzip files come in pieces; zstd is understood", async () => {
  const many = Array.from({ length: 20_000 }, (_, n) => event(n, { text: `${Math.sin(n)}${Math.cos(n)}` }));
  const path = file("large.json.gz", gzipSync(log(...many)));
  assert.deepEqual(
    ids(await read(path)),
    many.map(({ eventID }) => eventID),
  );
  // echo -n '{"Records":[{"eventID":"z","eventTime":"2026-01-02T03:04:05Z"}]}' | zstd | base64
  const zstd = Buffer.from(ZSTD, "base64");
  assert.deepEqual(ids(await read(file("z.json.zst", zstd))), ["z"]);
  const context = new TestContext();
  assert.deepEqual(await read(file("short.json.zst", zstd.subarray(0, 20)), {}, context), []);
  assert.equal((context.metrics.get("files_quarantined") ?? 0) + (context.metrics.get("records_quarantined") ?? 0), 1);
});

const ZSTD = "KLUv/QRYAQIAeyJSZWNvcmRzIjpbeyJldmVudElEIjoieiIsImV2ZW50VGltZSI6IjIwMjYtMDEtMDJUMDM6MDQ6MDVaIn1dfXnudYg=";

test("lateness is measured", async () => {
  const context = new TestContext();
  const eventTime = new Date(Date.now() - 60_000).toISOString();
  await read(file("late.json", log(event(1, { eventTime }))), {}, context);
  const late = context.metrics.get("lateness_ms") ?? 0;
  assert.ok(late >= 60_000 && late < 120_000, String(late));
  assert.equal(context.metrics.get("lateness_ms_max"), late);
});

test("what cannot be opened is said at once", async () => {
  const failure = (parameters: string, config: object, message: RegExp) =>
    assert.rejects(openSource(plugin, { parameters, config }), { name: "ConfigFailure", message });
  await failure(join(folder, "nowhere"), {}, /cannot open .*nowhere/);
  mkdirSync(join(folder, "empty"), { recursive: true });
  await failure(join(folder, "empty"), {}, /no \.json/);
  await failure("", {}, /open_params is empty/);
  await failure("ftp://x", {}, /expected s3:\/\//);
  await failure("x", { s3DownloadConcurrency: 0 }, /init_config\.s3DownloadConcurrency/);
  await failure("x", { typo: 1 }, /typo/);
  await failure("s3://bucket", { s3Interval: "yesterday" }, /s3Interval yesterday/);
  await failure("sqs://a/b", {}, /not a name of a queue/);
});

test("the text of an event", () => {
  const { source } = plugin.spec;
  const state = plugin.spec.init({}, new TestContext());
  const text = (record: object): string =>
    source?.eventToString?.(state, pluginEvent(plugin, { data: JSON.stringify(record) })) ?? "";
  const record = {
    awsRegion: "eu-west-1",
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    userIdentity: { type: "IAMUser", userName: "alice" },
    sourceIPAddress: "198.51.100.7",
    errorCode: "AccessDenied",
    requestParameters: { bucketName: "b", key: "k" },
    additionalEventData: { bytesTransferredOut: 33.0 },
  };
  assert.equal(text(record), "eu-west-1 alice s3 GetObject alice via 198.51.100.7 !← GetObject Size=33 URI=s3://b/k");
  assert.match(text({}), /invalid cloudtrail event/);
});

test("the reference logs: every record that is there", { skip: withoutShared }, async () => {
  const context = new TestContext();
  const events = await read(shared("data", "cloudtrail"), {}, context);
  const found = context.metrics.get("records_found") ?? 0;
  assert.equal(found, events.length + (context.metrics.get("records_quarantined") ?? 0));
  assert.equal(context.metrics.get("files_quarantined") ?? 0, 0);
  assert.equal(found, 15_870);
});
