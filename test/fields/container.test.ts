// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { mountText, parseContainer } from "../../src/fields/container-info.js";
import type { EventView } from "../../src/fields/view.js";
import { FieldBed, jsonOf, textOf } from "../support/field-bed.js";

const ID = "abcdef012345";

const META = {
  id: ID,
  full_id: ID.padEnd(64, "0"),
  name: "caf\u00e9",
  image: "repo/app:1.2",
  imageid: "f00",
  imagerepo: "repo/app",
  imagetag: "1.2",
  imagedigest: "sha256:1",
  type: 8,
  privileged: true,
  host_pid: false,
  ip: "10.1.2.3",
  cni_json: "{}",
  pod_sandbox_id: "0123456789abcdef",
  pod_sandbox_labels: { app: "x", "io.kubernetes.y": "z" },
  labels: {
    "io.kubernetes.pod.name": "pod-1",
    "io.kubernetes.pod.namespace": "ns",
    "io.kubernetes.pod.uid": "u-1",
    b: "",
    a: "1",
  },
  Mounts: [
    { Source: "/var/lib", Destination: "/data", Mode: "ro", RW: false, Propagation: "rprivate" },
    { Source: "/proc", Destination: "/host/proc", Mode: "", RW: true, Propagation: "" },
  ],
};

function inContainer(json: string | null, number = 10): { bed: FieldBed; at: (n?: number) => EventView } {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10, PTID: 1, CONTAINER: ID });
  if (json !== null) bed.containers.put(bed.id(ID), 0, number, [bed.id(Buffer.from(json).toString("latin1"))]);
  return { bed, at: (n = number) => bed.event({ type: EventType.SYSCALL_GETUID_X, tid: 10, number: n }, { row }) };
}

const EXPECTED: Readonly<Record<string, string | null>> = {
  "container.id": ID,
  "container.full_id": META.full_id,
  "container.name": "caf\xc3\xa9",
  "container.image": "repo/app:1.2",
  "container.image.id": "f00",
  "container.image.repository": "repo/app",
  "container.image.tag": "1.2",
  "container.image.digest": "sha256:1",
  "container.type": "cri-o",
  "container.privileged": "true",
  "container.host_pid": "false",
  "container.ip": "10.1.2.3",
  "container.mounts": "/var/lib:/data:ro:false:rprivate,/proc:/host/proc::true:",
  "container.mount[0]": "/var/lib:/data:ro:false:rprivate",
  "container.mount[2]": null,
  "container.mount[/proc]": "/proc:/host/proc::true:",
  "container.mount.dest[/proc*]": "/host/proc",
  "container.mount.dest[^/var/l.b$]": "/data",
  "container.mount.dest[nothing]": null,
  "container.mount.source[/host]": "/proc",
  "container.mount.mode[0]": "ro",
  "container.mount.rdwr[1]": "true",
  "container.mount.propagation[0]": "rprivate",
  "container.label[a]": "1",
  "container.label.b": "",
  "container.label[none]": null,
  "container.labels": "a:1, b",
  "container.healthcheck": null,
  "proc.is_container_healthcheck": null,
  "k8s.pod.name": "pod-1",
  "k8s.ns.name": "ns",
  "k8s.pod.id": "u-1",
  "k8s.pod.uid": "u-1",
  "k8s.pod.sandbox_id": "0123456789ab",
  "k8s.pod.full_sandbox_id": "0123456789abcdef",
  "k8s.pod.label[app]": "x",
  "k8s.pod.labels": "app:x",
  "k8s.rc.name": null,
  "k8s.deployment.label[x]": null,
};

test("metadata, with and without the root key", () => {
  for (const json of [
    JSON.stringify(META),
    JSON.stringify({ container: META }),
    `${JSON.stringify({ container: META })}\n`,
  ]) {
    const e = inContainer(json).at();
    for (const [name, text] of Object.entries(EXPECTED)) assert.equal(textOf(name, e), text, name);
    assert.equal(jsonOf("container.privileged", e), "true");
    assert.equal(jsonOf("container.name", e), '"café"');
  }
});

test("a container that nothing was told of has its id alone", () => {
  for (const { at } of [inContainer(null), inContainer("no json"), inContainer("[1]")]) {
    const e = at();
    assert.equal(textOf("container.id", e), ID);
    for (const name of ["name", "image.repository", "privileged", "mounts", "mount[0]", "type"]) {
      assert.equal(textOf(`container.${name}`, e), null, name);
    }
    assert.equal(textOf("k8s.pod.name", e), null);
  }
});

test("metadata is there from its event on", () => {
  const { at } = inContainer(JSON.stringify(META), 20);
  assert.equal(textOf("container.image", at(19)), null);
  assert.equal(textOf("container.image", at(20)), "repo/app:1.2");
});

test("the host is a container of its own", () => {
  const bed = new FieldBed();
  const row = bed.process({ TID: 10, PTID: 1, CONTAINER: "host" });
  const e = bed.event({ type: EventType.SYSCALL_GETUID_X, tid: 10 }, { row });
  for (const [name, text] of [
    ["id", "host"],
    ["name", "host"],
    ["type", "host"],
    ["image", ""],
    ["image.repository", ""],
    ["privileged", "false"],
    ["mounts", ""],
    ["mount[0]", null],
  ] as const) {
    assert.equal(textOf(`container.${name}`, e), text, name);
  }
});

test("a container event speaks of its container", () => {
  const bed = new FieldBed();
  const json = JSON.stringify({ container: { id: "x", image: "i" } });
  const e = bed.event({ type: EventType.CONTAINER_JSON_2_E, params: { json } });
  assert.equal(textOf("container.image", e), "i");
});

test("members of a wrong type count as missing", () => {
  const info = parseContainer('{"id":5,"labels":[1],"Mounts":{"a":1},"privileged":"yes","type":"custom"}');
  assert.ok(info !== null);
  assert.deepEqual(
    [info.id, info.labels.size, info.mounts.length, info.privileged, info.type],
    ["", 0, 0, false, "custom"],
  );
  assert.equal(parseContainer("{"), null);
  assert.equal(parseContainer("5"), null);
  const mount = { source: "a", destination: "b", mode: "", writable: true, propagation: "p" };
  assert.equal(mountText(mount), "a:b::true:p");
});

test("a mount expression that is slow elsewhere takes linear time", () => {
  const { at } = inContainer(JSON.stringify({ ...META, Mounts: [{ Source: "a".repeat(2000), Destination: "d" }] }));
  const before = process.cpuUsage().user;
  assert.equal(textOf("container.mount.dest[(a+)+b]", at()), null);
  assert.ok(process.cpuUsage().user - before < 2_000_000);
});
