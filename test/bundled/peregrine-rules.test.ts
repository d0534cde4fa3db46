// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runPlugins } from "../../bench/cloudtrail/engine.js";
import { packageRoot } from "../support/shared.js";
import { record } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** For a rule: an event on which it fires, and the same with a difference for which nothing fires. */
type Pairs = Readonly<Record<string, readonly [fires: object, quiet: object]>>;

async function check(
  plugin: string,
  rules: string,
  pairs: Pairs,
  log: (events: readonly object[]) => string,
): Promise<void> {
  const path = join(packageRoot, "rules", rules);
  const names = [...readFileSync(path, "utf8").matchAll(/^- rule: (.*)$/gm)].map(([, name]) => name ?? "");
  assert.deepEqual(Object.keys(pairs).sort(), [...names].sort());
  const run = async (events: readonly object[]): Promise<string[]> => {
    const input = join(folder, "events.json");
    writeFileSync(input, log(events));
    let text = "";
    await runPlugins({
      plugins: [{ name: plugin, open: input }, { name: "json" }],
      rules: [path],
      sink: (chunk) => {
        text += chunk.toString();
      },
    });
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => (JSON.parse(line) as { rule: string }).rule);
  };
  assert.deepEqual(await run(Object.values(pairs).map(([fires]) => fires)), Object.keys(pairs));
  assert.deepEqual(await run(Object.values(pairs).map(([, quiet]) => quiet)), []);
}

const ct = (eventName: string, service: string, more: object = {}) =>
  record(eventName, { eventName, eventSource: `${service}.amazonaws.com`, readOnly: false, ...more });
const denied = { errorCode: "AccessDenied" };
const request = (requestParameters: object) => ({ requestParameters });
const login = (ConsoleLogin: string, MFAUsed: string) => ({
  responseElements: { ConsoleLogin },
  additionalEventData: { MFAUsed },
});
const root = (type = "Root", more: object = {}) => ({ userIdentity: { type, accountId: "1", userName: "r", ...more } });
/** Whether it failed makes the difference. */
const failing = (event: object): [object, object] => [event, { ...event, ...denied }];

const CLOUDTRAIL: Pairs = {
  "AWS console login without MFA": [
    ct("ConsoleLogin", "signin", login("Success", "No")),
    ct("ConsoleLogin", "signin", login("Success", "Yes")),
  ],
  "AWS console login fails": [
    ct("ConsoleLogin", "signin", login("Failure", "No")),
    ct("ConsoleLogin", "signin", login("Success", "Yes")),
  ],
  "AWS root user acts": [ct("PutX", "s3", root()), ct("PutX", "s3", { ...root(), readOnly: true })],
  "AWS access key of the root user created": [
    ct("CreateAccessKey", "iam", { ...root(), readOnly: true }),
    ct("CreateAccessKey", "iam", { ...root(), readOnly: true, ...denied }),
  ],
  "AWS MFA taken away": failing(ct("DeactivateMFADevice", "iam", request({ userName: "u", serialNumber: "s" }))),
  "AWS trail stopped, deleted or changed": failing(ct("StopLogging", "cloudtrail")),
  "AWS detection turned off": [ct("DeleteDetector", "guardduty"), ct("DeleteDetector", "iot")],
  "AWS user or credentials created": failing(ct("CreateAccessKey", "iam")),
  "AWS administrator policy attached": [
    ct("AttachUserPolicy", "iam", request({ policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" })),
    ct("AttachUserPolicy", "iam", request({ policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" })),
  ],
  "AWS role can be assumed from elsewhere": failing(ct("UpdateAssumeRolePolicy", "iam")),
  "AWS role assumed from another account": [
    ct("AssumeRole", "sts", root("AWSAccount")),
    ct("AssumeRole", "sts", root("AWSService")),
  ],
  "S3 bucket opened to the public": [
    ct(
      "PutBucketPublicAccessBlock",
      "s3",
      request({ PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: false } }),
    ),
    ct(
      "PutBucketPublicAccessBlock",
      "s3",
      request({ PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: true } }),
    ),
  ],
  "S3 bucket policy for everybody": [
    ct("PutBucketPolicy", "s3", request({ bucketPolicy: { Statement: [{ Principal: "*" }] } })),
    ct(
      "PutBucketPolicy",
      "s3",
      request({ bucketPolicy: { Statement: [{ Principal: { AWS: "arn:aws:iam::1:root" } }] } }),
    ),
  ],
  "S3 bucket loses its safety net": [
    ct("PutBucketVersioning", "s3", request({ VersioningConfiguration: { Status: "Suspended" } })),
    ct("PutBucketVersioning", "s3", request({ VersioningConfiguration: { Status: "Enabled" } })),
  ],
  "Security group opened to the world": [
    ct("AuthorizeSecurityGroupIngress", "ec2", request({ ipPermissions: { items: [{ cidrIp: "0.0.0.0/0" }] } })),
    ct("AuthorizeSecurityGroupIngress", "ec2", request({ ipPermissions: { items: [{ cidrIp: "10.0.0.0/8" }] } })),
  ],
  "Snapshot or image shared outside": [
    ct("ModifySnapshotAttribute", "ec2", request({ createVolumePermission: { add: { items: [{ userId: "2" }] } } })),
    ct("ModifySnapshotAttribute", "ec2", request({ createVolumePermission: { remove: { items: [{ userId: "2" }] } } })),
  ],
  "KMS key disabled or to be deleted": failing(ct("ScheduleKeyDeletion", "kms")),
  "Credentials of an instance asked for in user data": [
    ct("DescribeInstanceAttribute", "ec2", request({ attribute: "userData" })),
    ct("DescribeInstanceAttribute", "ec2", request({ attribute: "kernel" })),
  ],
  "Lambda function opened or changed from outside": [
    ct("AddPermission20150331v2", "lambda", request({ principal: "*" })),
    ct("AddPermission20150331v2", "lambda", request({ principal: "s3.amazonaws.com" })),
  ],
  "Session on an instance started": failing(ct("StartSession", "ssm", request({ target: "i-1" }))),
  "AWS organization left": [ct("LeaveOrganization", "organizations"), ct("ListRoots", "organizations")],
};

test("each CloudTrail rule fires on what it is for, and not on what is nearly that", async () => {
  await check("cloudtrail", "peregrine_aws_cloudtrail_rules.yaml", CLOUDTRAIL, (events) =>
    JSON.stringify({ Records: events }),
  );
});

const ka = (verb: string, resource: string, requestObject: object = {}, more: object = {}) => ({
  kind: "Event",
  auditID: "a",
  stage: "ResponseComplete",
  stageTimestamp: "2026-01-02T03:04:05Z",
  verb,
  requestURI: `/api/v1/${resource}`,
  user: { username: "alice" },
  objectRef: { resource, namespace: "ns", name: "n" },
  responseStatus: { code: 201 },
  requestObject,
  ...more,
});
const pod = (spec: object, container: object = {}) =>
  ka("create", "pods", { spec: { containers: [{ name: "c", image: "i", ...container }], ...spec } });
const sub = (verb: string, resource: string, subresource: string, more: object = {}) =>
  ka(verb, resource, {}, { objectRef: { resource, subresource, namespace: "ns", name: "n" }, ...more });
const anonymous = (decision: string) => ({
  user: { username: "system:anonymous" },
  annotations: { "authorization.k8s.io/decision": decision },
});
const binding = (name: string, group = "devs") =>
  ka("create", "clusterrolebindings", { roleRef: { name }, subjects: [{ kind: "Group", name: group }] });
const debug = (privileged: boolean) =>
  ka(
    "patch",
    "pods",
    { spec: { ephemeralContainers: [{ securityContext: { privileged } }] } },
    { objectRef: { resource: "pods", subresource: "ephemeralcontainers", name: "n" } },
  );

const K8S: Pairs = {
  "K8s privileged pod": [
    pod({}, { securityContext: { privileged: true } }),
    pod({}, { securityContext: { privileged: false } }),
  ],
  "K8s debug container that is privileged": [debug(true), debug(false)],
  "K8s pod shares the host": [pod({ hostPID: true }), pod({ hostPID: false })],
  "K8s pod mounts a sensitive path of the host": [
    pod({ volumes: [{ name: "v", hostPath: { path: "/etc" } }] }),
    pod({ volumes: [{ name: "v", hostPath: { path: "/data" } }] }),
  ],
  "K8s pod with strong capabilities": [
    pod({}, { securityContext: { capabilities: { add: ["CHOWN", "SYS_ADMIN"] } } }),
    pod({}, { securityContext: { capabilities: { add: ["CHOWN"] } } }),
  ],
  "K8s exec or attach": [sub("create", "pods", "exec"), sub("create", "pods", "log")],
  "K8s anonymous request allowed": [
    ka("get", "pods", {}, anonymous("allow")),
    ka("get", "pods", {}, anonymous("forbid")),
  ],
  "K8s binding to cluster-admin": [binding("cluster-admin"), binding("view")],
  "K8s binding for everybody": [binding("view", "system:unauthenticated"), binding("view")],
  "K8s role with all rights": [
    ka("create", "clusterroles", { rules: [{ verbs: ["get", "escalate"], resources: ["roles"] }] }),
    ka("create", "clusterroles", { rules: [{ verbs: ["get"], resources: ["roles"] }] }),
  ],
  "K8s secrets listed": [ka("list", "secrets"), ka("get", "secrets")],
  "K8s token of a service account made": [
    sub("create", "serviceaccounts", "token"),
    sub("get", "serviceaccounts", "token"),
  ],
  "K8s impersonation": [ka("get", "pods", {}, { impersonatedUser: { username: "root" } }), ka("get", "pods")],
  "K8s admission webhook changed": [
    ka("delete", "mutatingwebhookconfigurations"),
    ka("get", "mutatingwebhookconfigurations"),
  ],
  "K8s events deleted": [ka("deletecollection", "events"), ka("list", "events")],
};

test("each Kubernetes rule fires on what it is for, and not on what is nearly that", async () => {
  await check("k8saudit", "peregrine_k8s_audit_rules.yaml", K8S, (events) =>
    events.map((event) => `${JSON.stringify(event)}\n`).join(""),
  );
});
