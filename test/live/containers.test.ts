// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageRoot } from "../support/shared.js";
import { BUNDLES, type ContainerOptions, Containers, containerId, noContainers } from "./container.js";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** Real containers: their ids by the paths of their control groups, and the rules about them. */

interface Alert {
  readonly rule: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

const skip = cannotWatch() || noContainers();
const RULES = `- rule: Program in a container
  desc: Every program that a container starts.
  condition: evt.type in (execve, execveat) and evt.rawres = 0 and container.id != host and proc.exepath startswith /bin/
  output: Program in a container (id=%container.id full=%container.full_id name=%container.name image=%container.image.repository pod=%k8s.pod.name path=%proc.exepath command=%proc.cmdline pid=%proc.vpid)
  priority: NOTICE
`;
let folder = "";
let containers: Containers;
let watching: Watching;

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  containers = new Containers(folder);
  writeFileSync(join(folder, "rules.yaml"), RULES);
  const rules = ["-r", join(packageRoot, "rules", "peregrine_rules.yaml"), "-r", join(folder, "rules.yaml")];
  const settings = ["-o", "json_output=true", "-o", "rule_matching=all"];
  watching = new Watching(folder, [...rules, ...settings], (line, mark) => line.includes(mark));
  watching.mark = (mark) => void spawnSync("cat", ["/etc/shadow", mark], { stdio: "ignore" });
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  try {
    await watching.end();
  } finally {
    containers.remove();
  }
});

/** The alerts of one container's run. */
async function alertsOf(options: ContainerOptions): Promise<Alert[]> {
  const from = watching.lines.length;
  containers.run(options);
  await watching.settled();
  return watching.lines.slice(from).map((line) => JSON.parse(line) as Alert);
}

const ID = containerId("the tests");
/** Tells what the tests start from what other containers of this machine do. */
const OWN = `own-${process.pid}`;
const SCRIPT = `/bin/marker ${OWN}; /bin/marker ${OWN} child`;
const SHORT = ID.slice(0, 12);
const POD = "0f3c5ab2-1d2e-4f5a-8b6c-7d8e9fa0b1c2";
const SLICE = `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${POD.replaceAll("-", "_")}.slice`;

/** How engines name control groups, and what container.id is then. */
const LAYOUTS: readonly (readonly [engine: string, cgroupsPath: string, id: string])[] = [
  ["docker", `/docker/${ID}`, SHORT],
  ["docker with systemd", `/system.slice/docker-${ID}.scope`, SHORT],
  ["podman", `/libpod_parent/libpod-${ID}`, SHORT],
  ["podman with systemd", `/machine.slice/libpod-${ID}.scope`, SHORT],
  ["podman with a group of its own", `/machine.slice/libpod-${ID}.scope/container`, SHORT],
  ["podman's payload", `/machine.slice/libpod-payload-${ID}`, SHORT],
  ["podman of a user", `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, SHORT],
  ["kubernetes", `/kubepods/burstable/pod${POD}/${ID}`, SHORT],
  ["kubernetes, containerd", `/${SLICE}/cri-containerd-${ID}.scope`, SHORT],
  [
    "kubernetes, containerd without systemd",
    `/system.slice/containerd.service/kubepods-pod${POD}.slice:cri-containerd:${ID}`,
    SHORT,
  ],
  ["kubernetes, cri-o", `/${SLICE}/crio-${ID}.scope`, SHORT],
  ["kubernetes, docker", `/${SLICE}/docker-${ID}.scope`, SHORT],
  ["cri-o", `/kubepods/pod${POD}/crio-${ID}`, SHORT],
  ["nerdctl", `/system.slice/nerdctl-${ID}.scope`, SHORT],
  ["containerd", "/peregrine-test/redis-server", "redis-server"],
  ["lxc", "/lxc/web", "web"],
  ["lxc's payload", "/lxc.payload/web", "web"],
  ["lxc's payload with a dot", "/lxc.payload.web", "web"],
  ["libvirt", "/machine/testing.partition/web.libvirt-lxc", "web"],
  ["libvirt with systemd", "/machine.slice/machine-lxc\\x2dweb.scope", "web"],
  ["bpm", "/system.slice/bpm-web.scope", "web"],
  ["none", "/system.slice/peregrine-test.service", "host"],
];

for (const [engine, cgroupsPath, id] of LAYOUTS) {
  test(`container.id, ${engine}`, { skip }, async () => {
    const alerts = await alertsOf({ cgroupsPath, args: ["/bin/sh", "-c", SCRIPT] });
    const started = alerts.filter(({ rule, output_fields: fields }) => {
      return rule === "Program in a container" && `${fields["proc.cmdline"]}`.includes(OWN);
    });
    if (id === "host") {
      assert.deepEqual(started, []);
      return;
    }
    // The first program, and what it starts.
    const seen = started.map(({ output_fields: fields }) => [fields["container.id"], fields["proc.cmdline"]]);
    assert.deepEqual(seen, [
      [id, `sh -c ${SCRIPT}`],
      [id, `marker ${OWN}`],
      [id, `marker ${OWN} child`],
    ]);
    assert.equal(started[0]?.output_fields["proc.vpid"], 1);
  });
}

/** Default rules, and what a container must do for them. */
const FIRE: readonly (readonly [rule: string, options: Omit<ContainerOptions, "cgroupsPath">])[] = [
  ["Namespace created in a container", { args: ["/bin/namespaces"], privileged: true }],
  ["Namespace entered", { args: ["/bin/namespaces"], privileged: true }],
  ["Terminal shell in a container", { args: ["/bin/sh", "-c", SCRIPT], terminal: true }],
  ["Shell started by a server in a container", { args: ["/bin/nginx", "/bin/sh", "-c", SCRIPT] }],
  ["Kernel module loaded", { args: ["/bin/module"] }],
];

function of({ output_fields: fields }: Alert, id: string): boolean {
  return fields["container.id"] === id.slice(0, 12) || `${fields["proc.cmdline"]}`.includes(OWN);
}

for (const [rule, options] of FIRE) {
  test(`${rule}, in a real container`, { skip }, async () => {
    const id = containerId(rule);
    const alerts = await alertsOf({ cgroupsPath: `/docker/${id}`, ...options });
    // Not every rule shows the container's id, but the mark of its programs or its id is in every output.
    const own = alerts.filter((alert) => alert.rule === rule && of(alert, id));
    assert.ok(own.length > 0, `fired: ${alerts.map((alert) => alert.rule).join(", ")}`);
  });
}

/** What engines note of a container, where, and what fields say of it. */
const KNOWN: readonly (readonly [engine: keyof typeof BUNDLES, annotations: Record<string, string>, fields: object])[] =
  [
    [
      "containerd",
      {
        "io.kubernetes.cri.container-name": "web",
        "io.kubernetes.cri.image-name": "registry.example:5000/shop/web:1.2",
        "io.kubernetes.cri.sandbox-name": "web-0",
        "io.kubernetes.cri.sandbox-namespace": "shop",
      },
      { name: "web", repository: "registry.example:5000/shop/web", pod: "web-0" },
    ],
    [
      "crio",
      {
        "io.container.manager": "cri-o",
        "io.kubernetes.container.name": "db",
        "io.kubernetes.cri-o.ImageName": "quay.io/shop/db:latest",
        "io.kubernetes.pod.name": "db-1",
      },
      { name: "db", repository: "quay.io/shop/db", pod: "db-1" },
    ],
    ["podman", { "io.container.manager": "libpod" }, { name: null, repository: "", pod: null }],
  ];

for (const [engine, annotations, expected] of KNOWN) {
  test(`Privileged container started, as ${engine} keeps it`, { skip }, async () => {
    const id = containerId(engine);
    const options = { cgroupsPath: `/docker/${id}`, args: ["/bin/sh", "-c", SCRIPT], annotations };
    const alerts = await alertsOf({ ...options, bundle: BUNDLES[engine](id), privileged: true });
    const own = alerts.filter((alert) => alert.rule === "Privileged container started" && of(alert, id));
    // The first program of the container alone, and what is known of it is known by then.
    assert.equal(own.length, 1, `fired: ${alerts.map((alert) => alert.rule).join(", ")}\n${watching.errors}`);
    const program = alerts.find((alert) => alert.rule === "Program in a container" && of(alert, id));
    const fields = program?.output_fields ?? {};
    const { name, repository, pod } = { name: null, ...expected } as Record<string, string | null>;
    assert.equal(fields["container.name"], name ?? id.slice(0, 12));
    assert.equal(fields["container.image.repository"], repository);
    assert.equal(fields["k8s.pod.name"], pod);
    assert.equal(fields["container.full_id"], id);
  });
}

test("a container with a bundle and few rights is not privileged", { skip }, async () => {
  const id = containerId("few rights");
  const options = { cgroupsPath: `/docker/${id}`, args: ["/bin/sh", "-c", SCRIPT], bundle: BUNDLES.containerd(id) };
  const fired = (await alertsOf(options)).filter((alert) => of(alert, id)).map(({ rule }) => rule);
  assert.ok(fired.includes("Program in a container"));
  assert.ok(!fired.includes("Privileged container started"));
});

test("a shell without a terminal is none at a terminal, and one that nobody started no server's", {
  skip,
}, async () => {
  const id = containerId("plain");
  const alerts = await alertsOf({ cgroupsPath: `/docker/${id}`, args: ["/bin/sh", "-c", `/bin/marker ${OWN}`] });
  const fired = alerts.filter((alert) => of(alert, id)).map(({ rule }) => rule);
  assert.ok(fired.includes("Program in a container"));
  assert.ok(!fired.includes("Terminal shell in a container"));
  assert.ok(!fired.includes("Shell started by a server in a container"));
});
