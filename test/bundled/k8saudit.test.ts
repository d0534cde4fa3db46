// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { SourceEvent, SourceInstance } from "peregrine/sdk";
import { openSource, startExtractor, TestContext } from "peregrine/sdk/testing";
import { repositoryOf } from "../../plugins/k8saudit/containers.js";
import { FIELDS } from "../../plugins/k8saudit/fields.js";
import { plugin } from "../../plugins/k8saudit/index.js";
import { parseWebhook } from "../../plugins/k8saudit/webhook-feed.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-k8saudit-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const event = (n: number, more: object = {}) => ({
  kind: "Event",
  auditID: `a${n}`,
  stage: "ResponseComplete",
  stageTimestamp: "2026-01-02T03:04:05.678901Z",
  ...more,
});

const ids = (events: readonly SourceEvent[]): string[] =>
  events.map(({ data }) => (JSON.parse(Buffer.from(data as Uint8Array).toString()) as { auditID: string }).auditID);

async function drain(source: SourceInstance): Promise<SourceEvent[]> {
  const events: SourceEvent[] = [];
  for (;;) {
    const batch = await source.nextBatch(7, 1000);
    events.push(...batch.events);
    if (batch.end === true) break;
  }
  await source.close();
  return events;
}

/** Asks until `count` events have come. */
async function take(source: SourceInstance, count: number): Promise<{ events: SourceEvent[]; position: unknown }> {
  const events: SourceEvent[] = [];
  let position: unknown;
  while (events.length < count) {
    const batch = await source.nextBatch(1000, 200);
    events.push(...batch.events);
    position = batch.position ?? position;
  }
  return { events, position };
}

const POD = event(1, {
  annotations: { "authorization.k8s.io/decision": "allow", cluster_name: "prod" },
  user: { username: "alice", groups: ["dev", "ops"] },
  impersonatedUser: { username: "root" },
  verb: "create",
  requestURI: "/api/v1/x?command=ls&command=-l&a=b%20c#f",
  objectRef: { resource: "pods", namespace: "ns", name: "web" },
  sourceIPs: ["192.0.2.1", "192.0.2.2"],
  responseStatus: { code: 201 },
  responseObject: { metadata: { name: "web-1" } },
  requestObject: {
    spec: {
      hostNetwork: true,
      securityContext: { runAsUser: 7, supplementalGroups: [1, 2] },
      volumes: [
        { name: "v", hostPath: { path: "/proc/1" } },
        { name: "w", flexVolume: { driver: "d" } },
      ],
      containers: [
        {
          name: "c0",
          image: "reg:5000/a/b:1@sha256:x",
          args: ["-x", "y"],
          command: ["sh", "-c"],
          ports: [{ hostPort: 80 }, { containerPort: 81 }],
          securityContext: { privileged: true, runAsUser: 0, capabilities: { add: ["SYS_ADMIN", "NET_RAW"] } },
        },
        { name: "c1", image: "nginx" },
      ],
      initContainers: [{ name: "i", image: "busybox:2", securityContext: { privileged: false } }],
    },
  },
});

function fields(record: object, ...names: string[]): unknown[] {
  return Object.values(startExtractor(plugin, names)({ data: JSON.stringify(record) }));
}

test("fields of a pod", () => {
  const wanted: Record<string, unknown> = {
    "ka.auditid": "a1",
    "ka.auth.decision": "allow",
    "ka.cluster.name": "prod",
    "ka.user.name": "alice",
    "ka.user.groups": ["dev", "ops"],
    "ka.impuser.name": "root",
    "ka.uri.param[command]": "ls",
    "ka.uri.param[a]": "b c",
    "ka.uri.param[z]": null,
    "ka.target.pod.name": "web-1",
    "ka.target.subresource": null,
    "ka.sourceips": ["192.0.2.1", "192.0.2.2"],
    "ka.sourceips[1]": ["192.0.2.2"],
    "ka.response.code": "201",
    "ka.req.pod.host_network": "true",
    "ka.req.pod.host_pid": null,
    "ka.req.pod.supplemental_groups": ["1", "2"],
    "ka.req.pod.containers.image": ["reg:5000/a/b:1@sha256:x", "nginx"],
    "ka.req.pod.containers.image[1]": ["nginx"],
    "ka.req.pod.containers.image[2]": null,
    "ka.req.pod.containers.image.repository": ["reg:5000/a/b", "nginx"],
    "ka.req.container.image": "reg:5000/a/b:1@sha256:x",
    "ka.req.container.image.repository": "reg:5000/a/b",
    "ka.req.pod.containers.args": ["-x y"],
    "ka.req.pod.containers.command": ["sh -c"],
    "ka.req.pod.containers.host_port": ["80", "81"],
    "ka.req.pod.containers.privileged": ["true"],
    "ka.req.container.privileged": "true",
    "ka.req.pod.initContainers.privileged": ["false"],
    "ka.req.pod.initContainers.image.repository": ["busybox"],
    "ka.req.pod.ephemeralContainers.image": null,
    "ka.req.pod.containers.run_as_user": ["0"],
    "ka.req.pod.containers.eff_run_as_user": ["0", "7"],
    "ka.req.pod.containers.eff_run_as_user[1]": ["7"],
    "ka.req.pod.containers.eff_run_as_group": ["0", "0"],
    "ka.req.pod.containers.add_capabilities": ["SYS_ADMIN", "NET_RAW"],
    "ka.req.pod.volumes.hostpath": ["/proc/1"],
    "ka.req.pod.volumes.volume_type": ["hostPath", "flexVolume"],
    "ka.req.pod.volumes.flexvolume_driver": ["d"],
    "ka.req.volume.hostpath[/proc*]": "true",
    "ka.req.volume.hostpath[/proc]": "false",
    "ka.req.volume.hostpath[/proc/1]": "true",
    "ka.req.binding.subject.has_name[x]": "true",
  };
  const names = Object.keys(wanted);
  assert.deepEqual(Object.fromEntries(fields(POD, ...names).map((value, i) => [names[i], value])), wanted);
});

test("fields of roles, bindings, services and config maps", () => {
  const binding = event(2, {
    requestObject: {
      roleRef: { name: "cluster-admin" },
      subjects: [
        { kind: "User", name: "u" },
        { kind: "ServiceAccount", name: "s", namespace: "n" },
        { kind: "ServiceAccount", name: "t" },
        { kind: "Group", name: "g" },
      ],
    },
  });
  const prefix = "ka.req.binding";
  assert.deepEqual(
    fields(
      binding,
      `${prefix}.role`,
      `${prefix}.subjects.user_names`,
      `${prefix}.subjects.serviceaccount_names`,
      `${prefix}.subjects.serviceaccount_ns_names`,
      `${prefix}.subjects.group_names`,
    ),
    ["cluster-admin", ["u"], ["s", "t"], ["n:s"], ["g"]],
  );
  assert.deepEqual((fields(binding, `${prefix}.subjects`)[0] as string[])[0], '{"kind":"User","name":"u"}');
  const role = event(3, {
    requestObject: {
      rules: [
        { verbs: ["get", "*"], resources: ["pods"] },
        { verbs: ["list"], apiGroups: [""] },
      ],
    },
  });
  assert.deepEqual(
    fields(
      role,
      "ka.req.role.rules.verbs",
      "ka.req.role.rules.verbs[1]",
      "ka.req.role.rules.apiGroups",
      "ka.req.role.rules.nonResourceURLs",
    ),
    [["get", "*", "list"], ["list"], [""], null],
  );
  const service = event(4, {
    requestObject: { spec: { type: "NodePort", ports: [{ nodePort: 1 }, { nodePort: 2 }] } },
  });
  assert.deepEqual(fields(service, "ka.req.service.type", "ka.req.service.ports", "ka.req.service.ports[1]"), [
    "NodePort",
    ['{"nodePort":1}', '{"nodePort":2}'],
    ['{"nodePort":2}'],
  ]);
  const map = event(5, { objectRef: { name: "m" }, requestObject: { data: { password: "x" } } });
  assert.deepEqual(fields(map, "ka.req.configmap.name", "ka.req.configmap.obj"), ["m", '{"password":"x"}']);
});

test("what has no auditID has no fields at all", () => {
  const extract = startExtractor(
    plugin,
    Object.entries(FIELDS).map(([name, spec]) =>
      "argument" in spec && spec.argument.kind === "key" ? `${name}[/x]` : name,
    ),
  );
  const { auditID: _, ...rest } = POD;
  for (const data of [JSON.stringify(rest), "", "[]", "{", "null"]) {
    for (const [name, value] of Object.entries(extract({ data }))) assert.equal(value, null, name);
  }
});

test("repositories of images", () => {
  const wanted = {
    a: "a",
    "a:1": "a",
    "r:5/a": "r:5/a",
    "r:5/a:1": "r:5/a",
    "a@sha256:1": "a",
    "r.io/a/b:1@sha256:2": "r.io/a/b",
  };
  for (const [image, repository] of Object.entries(wanted)) assert.equal(repositoryOf(image), repository);
});

test("files: events, lists of events, folders with the oldest file first; what is no event is set aside", async () => {
  const write = (name: string, text: string, seconds: number): void => {
    writeFileSync(join(folder, "logs", name), text);
    utimesSync(join(folder, "logs", name), seconds, seconds);
  };
  rmSync(join(folder, "logs"), { recursive: true, force: true });
  const { mkdirSync } = await import("node:fs");
  mkdirSync(join(folder, "logs", "nested"), { recursive: true });
  const list = JSON.stringify({ kind: "EventList", items: [event(2), event(3, { kind: undefined })] });
  write("b", `${JSON.stringify(event(1))}\n\n${list}\n[${JSON.stringify(event(4))}]`, 1000);
  write("a", `junk\n{"kind":"Pod"}\n${JSON.stringify(event(5, { stageTimestamp: "never" }))}\n`, 2000);
  const context = new TestContext();
  const config = { quarantine: join(folder, "aside") };
  const events = await drain(await openSource(plugin, { parameters: join(folder, "logs"), config, context }));
  assert.deepEqual(ids(events), ["a1", "a2", "a3", "a4", "a5"]);
  assert.equal(events[0]?.time, 1767323045678901000n);
  assert.equal(events[4]?.time, undefined);
  assert.equal(context.metrics.get("records_quarantined"), 2);
  assert.equal(context.metrics.get("events_found"), 7);
  assert.equal(
    readFileSync(join(folder, "aside", "index.jsonl"), "utf8")
      .trim()
      .split("\n").length,
    2,
  );
});

test("no open_params: no input; what cannot be opened is said at once", async () => {
  assert.deepEqual(await drain(await openSource(plugin)), []);
  await assert.rejects(openSource(plugin, { parameters: join(folder, "nowhere") }), { name: "ConfigFailure" });
  await assert.rejects(openSource(plugin, { parameters: "ftp://x" }), /expected http/);
  await assert.rejects(
    openSource(plugin, { parameters: "https://:0/x", config: { sslCertificate: join(folder, "no.pem") } }),
    /sslCertificate/,
  );
  await assert.rejects(openSource(plugin, { config: { answer: "never" } }), /init_config\.answer/);
});

test("a file that is followed: growth, another file of its name, and the position after a restart", async () => {
  const path = join(folder, "audit.log");
  const state = join(folder, "state");
  writeFileSync(path, `${JSON.stringify(event(1))}\n`);
  const open = (tailFrom: string) =>
    openSource(plugin, {
      parameters: `file://${path}`,
      config: { tailFrom, stateFolder: state },
      context: new TestContext(),
    });
  let source = await open("start");
  assert.deepEqual(ids((await take(source, 1)).events), ["a1"]);
  const half = JSON.stringify(event(2));
  appendFileSync(path, half.slice(0, 20));
  assert.equal((await source.nextBatch(10, 300)).events.length, 0);
  appendFileSync(path, `${half.slice(20)}\n`);
  const second = await take(source, 1);
  assert.deepEqual(ids(second.events), ["a2"]);
  await source.ack?.(second.position);
  appendFileSync(path, `${JSON.stringify(event(3))}\n`);
  assert.deepEqual(ids((await take(source, 1)).events), ["a3"]);
  await source.close();
  // The third was not acknowledged: it comes again.
  source = await open("end");
  assert.deepEqual(ids((await take(source, 1)).events), ["a3"]);
  appendFileSync(path, JSON.stringify(event(4)));
  renameSync(path, `${path}.1`);
  writeFileSync(path, `${JSON.stringify(event(5))}\n`);
  assert.deepEqual(ids((await take(source, 2)).events), ["a4", "a5"]);
  writeFileSync(path, `${JSON.stringify(event(6))}\n`.slice(0, 10));
  writeFileSync(path, "");
  await source.nextBatch(10, 500);
  appendFileSync(path, `${JSON.stringify(event(7))}\n`);
  assert.deepEqual(ids((await take(source, 1)).events), ["a7"]);
  await source.close();
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(url: string, body: string, headers: Record<string, string> = {}, method = "POST"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { "content-type": "application/json", ...headers } }, (response) => {
      let text = "";
      response.on("data", (part: Buffer) => {
        text += part.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const noOpenssl: string | false = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not there";

async function webhook(config: object = {}, parameters = "http://:0/k8s-audit") {
  const context = new TestContext();
  const source = await openSource(plugin, { parameters, config, context });
  const line = context.logs.find(({ message }) => message.startsWith("listening on "));
  return { context, source, url: line?.message.slice("listening on ".length) ?? "" };
}

test("webhook: answered when the alerts of its events are delivered, on the loopback interface", async () => {
  const { source, url } = await webhook();
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/k8s-audit$/);
  let answered = false;
  const answer = post(url, JSON.stringify({ kind: "EventList", items: [event(1), event(2)] })).then((got) => {
    answered = true;
    return got;
  });
  const { events, position } = await take(source, 2);
  assert.deepEqual(ids(events), ["a1", "a2"]);
  await source.nextBatch(10, 100);
  assert.equal(answered, false);
  await source.ack?.(position);
  assert.equal((await answer).status, 200);
  // One that waits when the source is closed is told to come again.
  const late = post(url, JSON.stringify(event(3)));
  await take(source, 1);
  await source.close();
  assert.equal((await late).status, 503);
});

test("webhook: limits, and what is not for it", async () => {
  const { source, url, context } = await webhook({ webhookMaxBatchSize: 2000, webhookMaxWaiting: 1 });
  const status = async (...args: Parameters<typeof post>): Promise<number> => (await post(...args)).status;
  assert.equal(await status(url.replace("k8s-audit", "other"), "{}"), 404);
  assert.equal(await status(url, "{}", { "content-type": "text/plain" }), 415);
  assert.equal(await status(url, "", {}, "PUT"), 405);
  assert.equal(await status(url, "x".repeat(3000)).catch(() => 413), 413);
  const chunked = await status(url, "x".repeat(3000), { "transfer-encoding": "chunked" }).catch(() => 413);
  assert.equal(chunked, 413);
  const first = post(url, JSON.stringify(event(1)));
  const { position } = await take(source, 1);
  assert.equal(await status(url, JSON.stringify(event(2))), 503);
  await source.ack?.(position);
  assert.equal((await first).status, 200);
  assert.equal(context.metrics.get("requests_refused"), 6);
  // What is no event is answered as well: sending it again would not mend it.
  const bad = post(url, "{");
  const batch = async (): Promise<void> => {
    for (;;) {
      const { position: mark } = await source.nextBatch(10, 200);
      if (mark !== undefined) return void (await source.ack?.(mark));
    }
  };
  await batch();
  assert.equal((await bad).status, 200);
  assert.equal(context.metrics.get("records_quarantined"), 1);
  await source.close();
});

test("webhook: bodies that are still coming count, and what is broken off is forgotten", async () => {
  const { source, url } = await webhook({ webhookMaxWaiting: 2 });
  const slow = [1, 2].map(() => {
    const sent = request(url, { method: "POST", headers: { "content-type": "application/json" } });
    sent.on("error", () => {});
    sent.write("{");
    return sent;
  });
  const body = JSON.stringify(event(1));
  // Taken before they have come, until there are two.
  for (;;) {
    const sent = post(url, body);
    const status = await Promise.race([sent.then((got) => got.status), source.nextBatch(10, 200)]);
    if (status === 503) break;
    if (typeof status === "object" && status.position !== undefined) await source.ack?.(status.position);
    await sent;
  }
  for (const sent of slow) sent.destroy();
  for (;;) {
    const sent = post(url, body);
    for (let done = false; !done; ) {
      void sent.finally(() => {
        done = true;
      });
      const { position } = await source.nextBatch(10, 50);
      if (position !== undefined) await source.ack?.(position);
    }
    if ((await sent).status === 200) break;
  }
  await source.close();
});

test("webhook: TLS with key and certificate from one file", { skip: noOpenssl }, async () => {
  const [key, cert, both] = ["key.pem", "cert.pem", "both.pem"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  assert.equal(made.status, 0, made.stderr.toString());
  writeFileSync(both, `${readFileSync(key, "utf8")}${readFileSync(cert, "utf8")}`);
  const { source, url } = await webhook({ sslCertificate: both }, "https://:0/k8s-audit");
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+\/k8s-audit$/);
  const send = (ca: string | undefined): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const sent = secureRequest(url, { method: "POST", headers, agent: false, ca }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      });
      sent.on("error", reject);
      sent.end(JSON.stringify(event(1)));
    });
  await assert.rejects(send(undefined), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  const answer = send(readFileSync(cert, "utf8"));
  const { events, position } = await take(source, 1);
  assert.deepEqual(ids(events), ["a1"]);
  await source.ack?.(position);
  assert.equal(await answer, 200);
  await source.close();
});

test("webhook: answered at once where that is wanted", async () => {
  const { source, url } = await webhook({ answer: "received" });
  assert.equal((await post(url, JSON.stringify(event(1)))).status, 200);
  assert.deepEqual(ids((await take(source, 1)).events), ["a1"]);
  await source.close();
});

test("addresses of a webhook", () => {
  assert.deepEqual(parseWebhook("http://:9765/k8s-audit"), {
    secure: false,
    host: "127.0.0.1",
    port: 9765,
    path: "/k8s-audit",
  });
  assert.deepEqual(parseWebhook("https://[::1]:1/"), { secure: true, host: "::1", port: 1, path: "/" });
  assert.deepEqual(parseWebhook("https://0.0.0.0"), { secure: true, host: "0.0.0.0", port: 443, path: "/" });
  for (const text of ["http://a:99999/", "http://a/?q", "http://a b/"])
    assert.throws(() => parseWebhook(text), /expected http/);
});
