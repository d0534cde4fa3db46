// SPDX-License-Identifier: Apache-2.0

/* Logs as AWS and the tools around it write them, beyond the plain case. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { openSource, startExtractor, TestContext } from "peregrine/sdk/testing";
import { FIELDS } from "../../plugins/cloudtrail/fields.js";
import { plugin } from "../../plugins/cloudtrail/index.js";
import { plugin as json } from "../../plugins/json/index.js";
import { idsOf, readAll, record } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-shapes-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function read(content: string | Uint8Array, config: object = {}) {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, content);
  const context = new TestContext();
  const source = await openSource(plugin, { parameters: path, config, context });
  const ids = await readAll(source);
  await source.close();
  const metric = (name: string): number => context.metrics.get(name) ?? 0;
  assert.equal(
    metric("records_found"),
    metric("records_delivered") + metric("records_passed_over") + metric("records_quarantined"),
  );
  return { ids, metric };
}

const text = (id: string, more: object = {}): string => JSON.stringify(record(id, more));

test("gzip of several members, small and large, whatever the last one says of its length", async () => {
  const filler = (n: number): object => ({ more: Array.from({ length: 20 }, (_, i) => Math.sin(n * 20 + i)) });
  for (const count of [2, 2000]) {
    const ids = idsOf("m", count);
    const lines = ids.map((id, n) => text(id, filler(n)));
    const half = Math.floor(count / 2);
    const parts = [lines.slice(0, half), lines.slice(half)];
    const members = parts.map((part) => gzipSync(`${part.join("\n")}\n`));
    assert.deepEqual((await read(Buffer.concat(members))).ids, ids);
  }
});

test("a long gzip file that is damaged gives what stands before the damage, and is set aside", async () => {
  const ids = idsOf("d", 3000);
  const whole = gzipSync(
    `{"Records":[${ids.map((id, n) => text(id, { more: [1, 2, 3, 4].map((i) => Math.sin(n * 4 + i)) })).join(",")}]}`,
  );
  assert.ok(whole.length > 64 * 1024);
  assert.deepEqual((await read(whole)).ids, ids);
  const broken = Buffer.from(whole);
  broken.fill(0, Math.floor(whole.length / 2), Math.floor(whole.length / 2) + 64);
  for (const bytes of [whole.subarray(0, whole.length / 2), broken]) {
    const got = await read(bytes);
    assert.ok(got.ids.length > 100 && got.ids.length < 3000, String(got.ids.length));
    assert.deepEqual(got.ids.slice(0, 100), ids.slice(0, 100));
    assert.ok(got.metric("files_quarantined") + got.metric("records_quarantined") > 0);
  }
  // A length at the end that is not true.
  for (const size of [0, 1, 60_000_000, 0xffffffff]) {
    const lying = Buffer.from(whole);
    lying.writeUInt32LE(size, lying.length - 4);
    const got = await read(lying);
    assert.deepEqual(got.ids, ids.slice(0, got.ids.length));
    assert.equal(got.metric("files_quarantined"), 1);
  }
});

test("exports: a record a line, events of EventBridge, a list, a mark in front, lines of other systems", async () => {
  assert.deepEqual((await read(`${text("a")}\r\n${text("b")}\r\n\r\n`)).ids, ["a", "b"]);
  assert.deepEqual((await read(`\ufeff{"Records":[${text("a")}]}`)).ids, ["a"]);
  const bridged = (id: string): string =>
    `{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","resources":["arn:x"],"detail":${text(id)}}`;
  assert.deepEqual((await read(`${bridged("a")}\n${bridged("b")}\n`)).ids, ["a", "b"]);
  assert.deepEqual((await read('{"Records":[]}')).ids, []);
  assert.deepEqual((await read(`{"nextToken":"n","Records":[${text("a")}],"count":1}`)).ids, ["a"]);
});

test("a document without records is told, not passed over", async () => {
  for (const content of [
    '{"logs":"elsewhere"}',
    '{"Records":null}',
    '{"detail":{"state":"running"}}',
    "eventId,eventTime\n1,2\n",
  ]) {
    const { ids, metric } = await read(content);
    assert.deepEqual([ids, metric("records_quarantined")], [[], 1], content);
  }
});

test("a network activity event is an event like others; Insight events are counted", async () => {
  const network = text("n", {
    eventCategory: "NetworkActivity",
    eventType: "AwsVpceEvent",
    vpcEndpointId: "vpce-1",
    vpcEndpointAccountId: "123456789012",
    errorCode: "VpceAccessDenied",
  });
  const insight = text("i", {
    eventType: "AwsCloudTrailInsight",
    eventCategory: "Insight",
    insightDetails: { state: "Start", insightType: "ApiCallRateInsight" },
  });
  const { ids, metric } = await read(`{"Records":[${network},${insight}]}`);
  assert.deepEqual([ids, metric("records_passed_over")], [["n"], 1]);
  assert.deepEqual((await read(`{"Records":[${network},${insight}]}`, { insights: true })).ids, ["n", "i"]);
});

const NAMES = Object.keys(FIELDS);

function fields(data: string): Readonly<Record<string, unknown>> {
  return startExtractor(plugin, NAMES)({ data });
}

test("records that lack what others have, or have it in another form", () => {
  const bare = fields('{"eventTime":"2026-01-02T03:04:05Z"}');
  for (const [name, value] of Object.entries(bare)) {
    if (!["ct.time", "ct.info", "s3.cnt.other"].includes(name)) assert.equal(value, null, name);
  }
  const nulls = fields(
    JSON.stringify(
      record("x", { userIdentity: null, requestParameters: null, responseElements: null, resources: null }),
    ),
  );
  for (const name of [
    "ct.user",
    "ct.user.arn",
    "ct.request.name",
    "ct.resources",
    "s3.bucket",
    "ct.user.identitytype",
  ]) {
    assert.equal(nulls[name], null, name);
  }
  // A service that is not IAM may write a code that is a number, and a list where an object is usual.
  const odd = fields(
    JSON.stringify(
      record("x", { errorCode: 403, requestParameters: ["a"], responseElements: "text", sourceIPAddress: null }),
    ),
  );
  assert.equal(odd["ct.name"], "CreateUser");
  assert.equal(odd["ct.request"], '["a"]');
  for (const type of ["WebIdentityUser", "SAMLUser", "IdentityCenterUser", "Unknown", "Directory", 7, null]) {
    const got = fields(JSON.stringify(record("x", { userIdentity: { type, userName: "u", credentialId: "c" } })));
    assert.equal(got["ct.name"], "CreateUser", String(type));
    assert.equal(
      got["ct.user.identitytype"],
      typeof type === "string" ? type : type === null ? got["ct.user.identitytype"] : "",
    );
  }
});

test("names in any script, escaped or not, and very large parameters", async () => {
  const name = 'Zoë "日本" \u0000 \ud83d\ude00 \\ end';
  const raw = JSON.stringify(
    record("u", { requestParameters: { userName: name, policyDocument: "p".repeat(900_000) } }),
  );
  const escaped = raw.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  for (const data of [raw, escaped]) {
    assert.equal(fields(data)["ct.request.username"], name);
    const values = startExtractor(json, ["json.value[/requestParameters/userName]"])({ data });
    assert.deepEqual(Object.values(values), [name]);
    assert.deepEqual((await read(`{"Records":[${data},${text("v")}]}`)).ids, ["u", "v"]);
    assert.deepEqual((await read(gzipSync(`{"Records":[${data},${text("v")}]}`))).ids, ["u", "v"]);
  }
  const long = text("long", { requestParameters: { policyDocument: "p".repeat(2_000_000) } });
  const { ids, metric } = await read(gzipSync(`{"Records":[${text("a")},${long},${text("b")}]}`));
  assert.equal(metric("records_quarantined"), 1);
  assert.ok(ids.includes("a"));
});
