// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { runPlugins } from "../../bench/cloudtrail/engine.js";
import { packageRoot, shared, withoutShared } from "../support/shared.js";
import { record } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-ct-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Alert {
  readonly rule: string;
  readonly priority: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

async function alertsOf(
  log: string,
  rules: readonly string[],
  workers = 2,
  matching: "first" | "all" = "first",
): Promise<{ alerts: Alert[]; bytes: string; evaluated: number }> {
  const parts: Buffer[] = [];
  const report = await runPlugins({
    plugins: [{ name: "cloudtrail", open: log }, { name: "json" }],
    rules,
    workers,
    sink: (chunk) => void parts.push(Buffer.from(chunk)),
    matching,
  });
  const bytes = Buffer.concat(parts).toString();
  const alerts = bytes
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Alert);
  const [source] = report.sources;
  assert.equal(source?.failure, null);
  assert.deepEqual([source?.ledger.difference, source?.ledger.failed], [0, 0]);
  return { alerts, bytes, evaluated: source?.ledger.evaluated ?? 0 };
}

let files = 0;
function write(text: string, extension = "json"): string {
  const path = join(folder, `${files++}.${extension}`);
  writeFileSync(path, text);
  return path;
}

const official = (): string => shared("data", "rules", "official", "aws_cloudtrail_rules.yaml");

/** What the independent script says of each record. */
async function secondOpinion(logs: string): Promise<{ raw: string; rules: string[] }[]> {
  const script = join(packageRoot, "test/bundled/extract_fields.py");
  const python = spawn("python3", [script, logs, "--rules"], { stdio: ["ignore", "pipe", "inherit"] });
  const found: { raw: string; rules: string[] }[] = [];
  for await (const line of createInterface({ input: python.stdout })) found.push(JSON.parse(line));
  return found;
}

test("official rules on all reference logs: the alerts that an independent script finds, for any number of workers", {
  skip: withoutShared,
}, async () => {
  const records = (await secondOpinion(shared("data", "cloudtrail"))).filter(({ raw }) => {
    const { eventTime } = JSON.parse(raw) as { eventTime?: unknown };
    return typeof eventTime === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(eventTime);
  });
  const log = write(`{"Records":[${records.map(({ raw }) => raw).join(",")}]}`);
  const wanted = records.flatMap(({ rules }) => rules).sort();
  assert.ok(wanted.length > 50, `${wanted.length} alerts`);
  const one = await alertsOf(log, [official()], 1);
  assert.equal(one.evaluated, records.length);
  const first = records.flatMap(({ rules }) => firstOf(rules));
  assert.deepEqual(
    one.alerts.map(({ rule }) => rule),
    first,
  );
  for (const workers of [2, 4]) assert.equal((await alertsOf(log, [official()], workers)).bytes, one.bytes);
});

/** The order of the rules in the file: an event raises the first one that holds. */
const ORDER = [
  "Console Login Through Assume Role",
  "Console Login Without MFA",
  "Console Root Login Without MFA",
  "Run Instances",
  "Run Instances in Non-approved Region",
];

function firstOf(rules: readonly string[]): string[] {
  const place = (rule: string): number => (ORDER.indexOf(rule) + ORDER.length + 1) % (ORDER.length + 1);
  const [first] = [...rules].sort((a, b) => place(a) - place(b));
  return first === undefined ? [] : [first];
}

const login = (more: object = {}, identity: object = {}) =>
  record("login", {
    eventName: "ConsoleLogin",
    eventSource: "signin.amazonaws.com",
    eventType: "AwsConsoleSignIn",
    sourceIPAddress: "198.51.100.7",
    userIdentity: { type: "IAMUser", userName: "alice", ...identity },
    responseElements: { ConsoleLogin: "Success" },
    additionalEventData: { MFAUsed: "No" },
    ...more,
  });

/** For each rule that is on, a record on which it fires. */
const FIRES: Readonly<Record<string, object>> = {
  "Console Login Through Assume Role": login({}, { type: "AssumedRole", arn: "arn:x/y/z", principalId: "p" }),
  "Console Login Without MFA": login(),
  "Deactivate MFA for Root User": record("m", {
    eventName: "DeactivateMFADevice",
    userIdentity: { type: "Root", userName: "r" },
    requestParameters: { userName: "AWS ROOT USER" },
  }),
  "Create AWS user": record("u"),
  "Create Group": record("g", { eventName: "CreateGroup" }),
  "Delete Group": record("d", { eventName: "DeleteGroup" }),
  "ECS Service Created": record("e", { eventName: "CreateService", eventSource: "ecs.amazonaws.com" }),
  "ECS Task Run or Started": record("t", { eventName: "StartTask", eventSource: "ecs.amazonaws.com" }),
  "Create Lambda Function": record("l", { eventName: "CreateFunction20150331" }),
  "Update Lambda Function Code": record("c", { eventName: "UpdateFunctionCode20150331v2" }),
  "Update Lambda Function Configuration": record("f", { eventName: "UpdateFunctionConfiguration20150331v2" }),
  "Run Instances": record("r", { eventName: "RunInstances" }),
  "Delete Bucket Encryption": record("b", { eventName: "DeleteBucketEncryption" }),
  "Delete Bucket Public Access Block": record("p", {
    eventName: "PutBucketPublicAccessBlock",
    requestParameters: { publicAccessBlock: "", PublicAccessBlockConfiguration: { BlockPublicAcls: false } },
  }),
  "Put Bucket ACL": record("a", { eventName: "PutBucketAcl" }),
  "Put Bucket Policy": record("y", { eventName: "PutBucketPolicy" }),
  "CloudTrail Trail Created": record("o", { eventName: "CreateTrail" }),
  "CloudTrail Logging Disabled": record("s", { eventName: "StopLogging" }),
};

test("each official rule fires on a record that is made for it, and not where that failed", {
  skip: withoutShared,
}, async () => {
  const names = Object.keys(FIRES);
  const records = Object.values(FIRES);
  const failed = records.map((one) => ({ ...one, errorCode: "AccessDenied" }));
  const { alerts } = await alertsOf(write(JSON.stringify({ Records: [...records, ...failed] })), [official()]);
  assert.deepEqual(
    alerts.map(({ rule }) => rule),
    names,
  );
});

/** Rules for which one that stands before them always holds as well. */
const SHADOWED: Readonly<Record<string, object>> = {
  "Console Root Login Without MFA": login({}, { type: "Root" }),
  "Run Instances in Non-approved Region": record("n", { eventName: "RunInstances", awsRegion: "mars-west-1" }),
};

test("official rules that stand behind one that is wider fire where all rules that hold do", {
  skip: withoutShared,
}, async () => {
  const log = write(JSON.stringify({ Records: Object.values(SHADOWED) }));
  const fired = async (matching: "first" | "all"): Promise<string[]> =>
    (await alertsOf(log, [official()], 2, matching)).alerts.map(({ rule }) => rule);
  assert.deepEqual(await fired("first"), ["Console Login Without MFA", "Run Instances"]);
  assert.deepEqual(await fired("all"), [
    "Console Login Without MFA",
    "Console Root Login Without MFA",
    "Run Instances",
    "Run Instances in Non-approved Region",
  ]);
});

const MISSION = `
- rule: Console Login Without MFA
  desc: Detect a console login without MFA.
  condition: ct.name="ConsoleLogin" and ct.error="" and json.value[/userIdentity/type]!="AssumedRole" and json.value[/responseElements/ConsoleLogin]="Success" and json.value[/additionalEventData/MFAUsed]="No"
  output: Detected a console login without MFA (requesting user=%ct.user, requesting IP=%ct.srcip, AWS region=%ct.region)
  priority: CRITICAL
  source: aws_cloudtrail
`;

test("a console login without MFA, as rules of 0.31 and of today say it: on the record that matches and on no other", async () => {
  const others = [
    login({ errorCode: "Failed authentication" }),
    login({}, { type: "AssumedRole" }),
    login({ responseElements: { ConsoleLogin: "Failure" } }),
    login({ responseElements: null }),
    login({ additionalEventData: { MFAUsed: "Yes" } }),
    login({ additionalEventData: null }),
    login({ eventName: "GetSigninToken" }),
    record("other"),
  ];
  const log = write(JSON.stringify({ Records: [...others, login(), ...others] }));
  const today = MISSION.replace('ct.error=""', "not ct.error exists");
  for (const rules of [MISSION, today]) {
    const { alerts } = await alertsOf(log, [write(rules, "yaml")]);
    assert.deepEqual(
      alerts.map(({ rule, priority }) => [rule, priority]),
      [["Console Login Without MFA", "Critical"]],
    );
    assert.match(
      alerts[0]?.output ?? "",
      /requesting user=alice, requesting IP=198\.51\.100\.7, AWS region=us-east-1\)/,
    );
  }
});
