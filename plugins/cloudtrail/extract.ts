// SPDX-License-Identifier: Apache-2.0
import type { Extract, Extractors } from "peregrine/sdk";
import { JsonReader, type Span, step } from "../common/json-reader.js";
import type { FIELDS } from "./fields.js";
import { originalUserOf, userOf } from "./identity.js";
import { infoOf } from "./info.js";
import { imageIdsOf, instanceNameOf } from "./instances.js";
import { KEYS, type Key, slotOf } from "./keys.js";

export function newRecord(): JsonReader {
  return new JsonReader(KEYS);
}

type Text = Extract<JsonReader, string>;

/** The string at a path; "" where the value is no string, as there is a value. */
export function text(key: Key, ...path: readonly string[]): Text {
  const slot = slotOf(key);
  const steps = path.map(step);
  return (record) => {
    const span = record.find(slot, steps);
    if (span.start === -1) return undefined;
    return record.isString(span) ? record.string(span) : "";
  };
}

/** The string at a path, if it has any characters. */
function nonEmpty(key: Key): Text {
  const read = text(key);
  return (record, event) => read(record, event) || undefined;
}

/** A value as JSON. */
function json(key: Key): Text {
  const slot = slotOf(key);
  return (record) => {
    const span = record.member(slot);
    return span.start === -1 ? undefined : record.compact(span);
  };
}

/** A truth value, which AWS writes as a word or, in some services, as a string. */
function truth(key: Key): Text {
  const slot = slotOf(key);
  return (record) => {
    const span = record.member(slot);
    if (span.start === -1 || record.isNull(span)) return undefined;
    return record.text(span) === "true" ? "true" : "false";
  };
}

const MAX_UINT64 = 2n ** 64n - 1n;

/** A count, which is at times written with a fraction (33.0). What is no number counts as 0. */
function countAt(record: JsonReader, span: Span): bigint {
  const written = record.text(span);
  if (/^\d{1,20}$/.test(written)) {
    const value = BigInt(written);
    if (value <= MAX_UINT64) return value;
  }
  const value = record.isString(span) ? 0 : Number(written);
  return Number.isFinite(value) && value > 0 && value < 2 ** 64 ? BigInt(Math.trunc(value)) : 0n;
}

const EXTRA = slotOf("additionalEventData");
const BYTES_IN = [step("bytesTransferredIn")];
const BYTES_OUT = [step("bytesTransferredOut")];

function bytesAt(record: JsonReader, path: typeof BYTES_IN): bigint | undefined {
  const span = record.find(EXTRA, path);
  return span.start === -1 ? undefined : countAt(record, span);
}

export function bytesOf(record: JsonReader): bigint | undefined {
  const came = bytesAt(record, BYTES_IN);
  const went = bytesAt(record, BYTES_OUT);
  return came === undefined && went === undefined ? undefined : (came ?? 0n) + (went ?? 0n);
}

const bucket = text("requestParameters", "bucketName");
const key = text("requestParameters", "key");
const source = text("eventSource");
const name = text("eventName");
const account = text("userIdentity", "accountId");
const recipient = text("recipientAccountId");

/** The name of the service without the domain, as in `s3`. */
export const shortSource: Text = (record, event) => {
  const whole = source(record, event);
  return whole !== undefined && whole.length > DOMAIN.length && whole.endsWith(DOMAIN)
    ? whole.slice(0, -DOMAIN.length)
    : whole;
};
const DOMAIN = ".amazonaws.com";

const RESOURCES = slotOf("resources");

function resourcesOf(record: JsonReader): string | undefined {
  const span = record.member(RESOURCES);
  const parts: string[] = [];
  record.elements({ start: span.start, end: span.end }, (element) => parts.push(record.compact(element)));
  return parts.length === 0 ? undefined : parts.join(",");
}

const BUCKET = [step("bucketName")];
const OBJECT_KEY = [step("key")];
const PARAMETERS = slotOf("requestParameters");

/** Both must be strings: anything else makes no address. */
function uriOf(record: JsonReader): string | undefined {
  const at = record.find(PARAMETERS, BUCKET);
  if (!record.isString(at)) return undefined;
  const where = record.string(at);
  const what = record.find(PARAMETERS, OBJECT_KEY);
  return record.isString(what) ? `s3://${where}/${record.string(what)}` : undefined;
}

const operations =
  (counts: (name: string | undefined) => boolean): Extract<JsonReader, bigint> =>
  (record, event) =>
    counts(name(record, event)) ? 1n : undefined;

const info: Text = (record, event) =>
  infoOf({
    user: userOf(record),
    address: EXTRACT["ct.srcip"](record, event),
    name: name(record, event),
    failed: EXTRACT["ct.error"](record, event) !== undefined,
    writes: EXTRACT["ct.readonly"](record, event) === "false",
    accessBlock: name(record, event) === "PutBucketPublicAccessBlock" ? accessBlockOf(record) : undefined,
    bytes: bytesOf(record),
    uri: uriOf(record),
    bucket: bucket(record, event),
    key: key(record, event),
    host: EXTRACT["ct.request.host"](record, event),
  });

const ACCESS_BLOCK = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"].map(
  (flag) => ({
    flag,
    path: [step("PublicAccessBlockConfiguration"), step(flag)],
  }),
);

function accessBlockOf(record: JsonReader): string {
  return ACCESS_BLOCK.map(({ flag, path }) => {
    const span = record.find(PARAMETERS, path);
    return ` ${flag}=${span.start !== -1 && record.text(span) === "true"}`;
  }).join("");
}

const request = (parameter: string): Text => text("requestParameters", parameter);

export const EXTRACT: Extractors<JsonReader, typeof FIELDS> = {
  "ct.id": text("eventID"),
  "ct.error": nonEmpty("errorCode"),
  "ct.errormessage": nonEmpty("errorMessage"),
  "ct.time": text("eventTime"),
  "ct.src": source,
  "ct.shortsrc": shortSource,
  "ct.name": name,
  "ct.user": userOf,
  "ct.originaluser": originalUserOf,
  "ct.user.accountid": (record, event) => account(record, event) ?? recipient(record, event),
  "ct.user.identitytype": text("userIdentity", "type"),
  "ct.user.principalid": text("userIdentity", "principalId"),
  "ct.user.arn": text("userIdentity", "arn"),
  "ct.region": text("awsRegion"),
  "ct.response": json("responseElements"),
  "ct.response.subnetid": text("responseElements", "subnetId"),
  "ct.response.reservationid": text("responseElements", "reservationId"),
  "ct.request": json("requestParameters"),
  "ct.request.availabilityzone": request("availabilityZone"),
  "ct.request.cluster": request("cluster"),
  "ct.request.documentname": request("documentName"),
  "ct.request.functionname": request("functionName"),
  "ct.request.groupname": request("groupName"),
  "ct.request.host": request("Host"),
  "ct.request.name": request("name"),
  "ct.request.policy": request("policy"),
  "ct.request.reason": request("reason"),
  "ct.request.serialnumber": request("serialNumber"),
  "ct.request.servicename": request("serviceName"),
  "ct.request.subnetid": request("subnetId"),
  "ct.request.target": request("target"),
  "ct.request.taskdefinition": request("taskDefinition"),
  "ct.request.username": request("userName"),
  "ct.srcip": text("sourceIPAddress"),
  "ct.useragent": text("userAgent"),
  "ct.info": info,
  "ct.managementevent": truth("managementEvent"),
  "ct.readonly": truth("readOnly"),
  "ct.requestid": text("requestID"),
  "ct.eventtype": text("eventType"),
  "ct.apiversion": text("apiVersion"),
  "ct.resources": resourcesOf,
  "ct.recipientaccountid": recipient,
  "ct.serviceeventdetails": text("serviceEventDetails"),
  "ct.sharedeventid": text("sharedEventID"),
  "ct.vpcendpointid": text("vpcEndpointId"),
  "ct.eventcategory": text("eventCategory"),
  "ct.addendum.reason": text("addendum", "reason"),
  "ct.addendum.updatedfields": text("addendum", "updatedFields"),
  "ct.addendum.originalrequestid": text("addendum", "originalRequestID"),
  "ct.addendum.originaleventid": text("addendum", "originalEventID"),
  "ct.sessioncredentialfromconsole": truth("sessionCredentialFromConsole"),
  "ct.edgedevicedetails": text("edgeDeviceDetails"),
  "ct.tlsdetails.tlsversion": text("tlsDetails", "tlsVersion"),
  "ct.tlsdetails.ciphersuite": text("tlsDetails", "cipherSuite"),
  "ct.tlsdetails.clientprovidedhostheader": text("tlsDetails", "clientProvidedHostHeader"),
  "ct.additionaleventdata": json("additionalEventData"),
  "s3.uri": uriOf,
  "s3.bucket": bucket,
  "s3.key": key,
  "s3.bytes": bytesOf,
  "s3.bytes.in": (record) => bytesAt(record, BYTES_IN),
  "s3.bytes.out": (record) => bytesAt(record, BYTES_OUT),
  "s3.cnt.get": operations((event) => event === "GetObject"),
  "s3.cnt.put": operations((event) => event === "PutObject"),
  "s3.cnt.other": operations((event) => event !== "GetObject" && event !== "PutObject"),
  "ec2.name": instanceNameOf,
  "ec2.imageid": (record) => imageIdsOf(record, 0)?.[0],
  "ec2.imageids": (index) => (record) => imageIdsOf(record, index),
  "ecr.repository": request("repositoryName"),
  "ecr.imagetag": request("imageTag"),
  "iam.role": request("roleName"),
  "iam.policy": request("policyName"),
};
