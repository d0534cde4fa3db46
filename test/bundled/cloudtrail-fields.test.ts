// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { startExtractor } from "peregrine/sdk/testing";
import { FIELDS } from "../../plugins/cloudtrail/fields.js";
import { plugin } from "../../plugins/cloudtrail/index.js";
import { packageRoot, shared, withoutShared } from "../support/shared.js";

const NAMES = Object.keys(FIELDS);
/** In Python's terms: a field that is JSON text is compared as a value. */
type Wanted = string | number | string[] | { readonly json: unknown } | { readonly jsons: unknown[] };

function same(got: unknown, wanted: Wanted | undefined): boolean {
  if (wanted === undefined) return got === null;
  if (typeof wanted === "string") return got === wanted;
  if (typeof wanted === "number") return got === BigInt(wanted);
  const value =
    "json" in wanted || "jsons" in wanted
      ? JSON.stringify("json" in wanted ? JSON.parse(String(got)) : JSON.parse(`[${String(got)}]`))
      : JSON.stringify(got);
  const other = "json" in wanted ? wanted.json : "jsons" in wanted ? wanted.jsons : wanted;
  return value === JSON.stringify(other);
}

test("every field of every record of the reference logs is what an independent script finds", {
  skip: withoutShared,
}, async () => {
  const extract = startExtractor(plugin, NAMES);
  const script = join(packageRoot, "test/bundled/extract_fields.py");
  const python = spawn("python3", [script, shared("data", "cloudtrail")], { stdio: ["ignore", "pipe", "inherit"] });
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  let records = 0;
  for await (const line of createInterface({ input: python.stdout })) {
    const { raw, fields } = JSON.parse(line) as { raw: string; fields: Record<string, Wanted> };
    const got = extract({ data: raw });
    records++;
    for (const name of NAMES) {
      if (!same(got[name], fields[name])) wrong.push(`${name}: ${String(got[name])} / ${JSON.stringify(fields[name])}`);
      if (fields[name] !== undefined) seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    for (const name of Object.keys(fields)) assert.ok(NAMES.includes(name), `${name} is no field of the plugin`);
  }
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} values of ${records} records differ`);
  assert.ok(records > 15_000, `${records} records`);
  // What the logs do not hold is tested below, by hand.
  const never = NAMES.filter((name) => !seen.has(name));
  assert.deepEqual(
    never.filter((name) => !BY_HAND.has(name)),
    [],
  );
});

const BY_HAND = new Set([
  "ct.addendum.reason",
  "ct.addendum.updatedfields",
  "ct.addendum.originalrequestid",
  "ct.addendum.originaleventid",
  "ct.edgedevicedetails",
  "ct.request.host",
  "ct.request.cluster",
  "ct.request.taskdefinition",
  "ct.request.reason",
  "ct.request.servicename",
  "ct.request.target",
  "ecr.repository",
  "ecr.imagetag",
  "ct.request.serialnumber",
  "ct.request.documentname",
  "ct.response.subnetid",
]);

function one(name: string, record: unknown): unknown {
  return startExtractor(plugin, [name])({ data: JSON.stringify(record) })[name];
}

test("members that the reference logs do not have", () => {
  const addendum = { reason: "DELIVERY_DELAY", updatedFields: "a,b", originalRequestID: "r", originalEventID: "e" };
  assert.equal(one("ct.addendum.reason", { addendum }), "DELIVERY_DELAY");
  assert.equal(one("ct.addendum.updatedfields", { addendum }), "a,b");
  assert.equal(one("ct.addendum.originalrequestid", { addendum }), "r");
  assert.equal(one("ct.addendum.originaleventid", { addendum }), "e");
  assert.equal(one("ct.edgedevicedetails", { edgeDeviceDetails: { type: "snow" } }), "");
  const parameters = {
    Host: "h",
    cluster: "c",
    taskDefinition: "t",
    reason: "r",
    serviceName: "s",
    target: "i-1",
    repositoryName: "repo",
    imageTag: "v1",
    serialNumber: "arn:mfa",
    documentName: "d",
  };
  const fields = [
    "host",
    "cluster",
    "taskdefinition",
    "reason",
    "servicename",
    "target",
    "serialnumber",
    "documentname",
  ];
  assert.deepEqual(
    fields.map((field) => one(`ct.request.${field}`, { requestParameters: parameters })),
    ["h", "c", "t", "r", "s", "i-1", "arn:mfa", "d"],
  );
  assert.equal(one("ct.response.subnetid", { responseElements: { subnetId: "subnet-1" } }), "subnet-1");
  assert.equal(one("ecr.repository", { requestParameters: parameters }), "repo");
  assert.equal(one("ecr.imagetag", { requestParameters: parameters }), "v1");
});

test("an error is a code that says something", () => {
  assert.equal(one("ct.error", { errorCode: "AccessDenied" }), "AccessDenied");
  for (const record of [{}, { errorCode: null }, { errorCode: "" }]) assert.equal(one("ct.error", record), null);
  assert.equal(FIELDS["ct.error"].absentEquals, "");
});

test("images: all of the response by index, else the one of the request", () => {
  const items = [{ imageId: "ami-1" }, { other: 1 }, { imageId: "ami-2" }];
  const record = { responseElements: { instancesSet: { items } }, requestParameters: { imageId: "ami-0" } };
  assert.deepEqual(one("ec2.imageids", record), ["ami-1", "ami-2"]);
  assert.deepEqual(one("ec2.imageids[1]", record), ["ami-2"]);
  assert.equal(one("ec2.imageids[2]", record), null);
  const asked = { requestParameters: { DescribeFastLaunchImagesRequest: { ImageId: { tag: 1, content: "ami-3" } } } };
  assert.equal(one("ec2.imageid", asked), "ami-3");
  assert.deepEqual(one("ec2.imageids", { requestParameters: { launchSpecification: { imageId: "ami-4" } } }), [
    "ami-4",
  ]);
  assert.equal(one("ec2.imageids[1]", asked), null);
});

test("byte counts: fractions are cut off, what is no number is 0, large ones stay exact", () => {
  const bytes = (record: string): unknown => startExtractor(plugin, ["s3.bytes"])({ data: record })["s3.bytes"];
  assert.equal(bytes('{"additionalEventData":{"bytesTransferredIn":33.9,"bytesTransferredOut":1e2}}'), 133n);
  assert.equal(bytes('{"additionalEventData":{"bytesTransferredOut":9007199254740993}}'), 9007199254740993n);
  assert.equal(bytes('{"additionalEventData":{"bytesTransferredOut":"x"}}'), 0n);
  assert.equal(bytes('{"additionalEventData":{"bytesTransferredOut":-5}}'), 0n);
  assert.equal(bytes('{"additionalEventData":{}}'), null);
});

test("data that are no record have no fields, and break nothing", () => {
  const extract = startExtractor(
    plugin,
    NAMES.filter((name) => name !== "ct.info" && name !== "s3.cnt.other"),
  );
  const texts = [
    "",
    "{",
    "[]",
    "null",
    '{"eventName"',
    '{"eventName":',
    '{"eventName":}',
    '"x',
    '{"eventName" "x"}',
    "{,}",
  ];
  for (const data of texts) {
    for (const [name, value] of Object.entries(extract({ data }))) assert.equal(value, null, `${name} of ${data}`);
  }
});
