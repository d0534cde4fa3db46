// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { describeContainer } from "../../src/containers/bundles.js";
import { imageParts, metadataOf } from "../../src/containers/oci.js";

/** What engines keep of their containers in files. */

const root = mkdtempSync(join(tmpdir(), "peregrine-bundles-"));
after(() => rmSync(root, { recursive: true }));

const ID = "ab".repeat(32);
const SHORT = ID.slice(0, 12);
const CGROUPS = `cpuset=/docker/${ID}\0cpu=/docker/${ID}\0`;

function file(path: string, content: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
}

const told = (id = SHORT, cgroups = CGROUPS): Record<string, unknown> => {
  const text = describeContainer(id, cgroups, root);
  return text === "" ? {} : (JSON.parse(text) as { container: Record<string, unknown> }).container;
};

/** A container with all that `--privileged` stands for. */
const PRIVILEGED = {
  process: { capabilities: { effective: ["CAP_CHOWN", "CAP_SYS_ADMIN"] } },
  linux: {
    resources: {
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, access: "rwm" },
      ],
    },
  },
};

test("nothing is known of a container that no engine keeps", () => {
  assert.equal(describeContainer(SHORT, CGROUPS, root), "");
  assert.equal(describeContainer("../../etc", "", root), "");
  assert.equal(describeContainer("..", "", root), "");
});

test("docker: the bundle, and what docker notes beside it", () => {
  file(`run/containerd/io.containerd.runtime.v2.task/moby/${ID}/config.json`, PRIVILEGED);
  assert.deepEqual([told()["type"], told()["privileged"], told()["name"]], ["docker", true, SHORT]);
  file(`var/lib/docker/containers/${ID}/config.v2.json`, {
    Name: "/web",
    Image: "sha256:1234",
    Config: { Image: "nginx:1.27" },
  });
  file(`var/lib/docker/containers/${ID}/hostconfig.json`, { Privileged: false });
  const { id, full_id, name, image, imageid, imagerepo, imagetag, privileged } = told();
  assert.deepEqual(
    { id, full_id, name, image, imageid, imagerepo, imagetag, privileged },
    {
      ...{ id: SHORT, full_id: ID, name: "web", image: "nginx:1.27", imageid: "1234" },
      ...{ imagerepo: "nginx", imagetag: "1.27", privileged: false },
    },
  );
  rmSync(join(root, "run"), { recursive: true });
});

test("podman: names and images stand in the list of its storage", () => {
  const storage = "var/lib/containers/storage/overlay-containers";
  file(`${storage}/${ID}/userdata/config.json`, { annotations: { "io.container.manager": "libpod" } });
  const metadata = JSON.stringify({ "image-name": "docker.io/library/alpine:3", "image-id": "77", name: "happy" });
  file(`${storage}/containers.json`, [{ id: "other" }, { id: ID, metadata }]);
  const { type, name, imagerepo, imageid, privileged } = told();
  assert.deepEqual(
    [type, name, imagerepo, imageid, privileged],
    ["podman", "happy", "docker.io/library/alpine", "77", false],
  );
  rmSync(join(root, "var"), { recursive: true });
});

test("containerd: a container that has a name in place of digits", () => {
  file("run/containerd/io.containerd.runtime.v2.task/default/redis-server/config.json", {
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/data", type: "bind", source: "/srv/data", options: ["rbind", "ro", "rprivate"] },
    ],
    linux: { namespaces: [{ type: "pid" }] },
  });
  const container = told("redis-server", "cpu=/default/redis-server\0");
  assert.deepEqual([container["type"], container["id"]], ["containerd", "redis-server"]);
  assert.deepEqual(container["Mounts"], [
    { Source: "/srv/data", Destination: "/data", Mode: "ro", RW: false, Propagation: "rprivate" },
  ]);
  assert.deepEqual([container["host_pid"], container["host_network"]], [false, true]);
  rmSync(join(root, "run"), { recursive: true });
});

test("a file that is no JSON, or holds other things than it must, tells nothing and breaks nothing", () => {
  const path = `run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`;
  file(path, "{");
  assert.deepEqual(told(), {});
  for (const config of [[], "text", 3, { annotations: 3, linux: [], process: "x", mounts: { a: 1 } }, null]) {
    file(path, JSON.stringify(config));
    assert.equal(told()["privileged"], false);
  }
  rmSync(join(root, "run"), { recursive: true });
});

test("privileged is what has all devices, the rights of an administrator, and nothing masked", () => {
  assert.equal(metadataOf("x", PRIVILEGED).privileged, true);
  assert.equal(metadataOf("x", { ...PRIVILEGED, process: {} }).privileged, false);
  const masked = { ...PRIVILEGED, linux: { ...PRIVILEGED.linux, maskedPaths: ["/proc/kcore"] } };
  assert.equal(metadataOf("x", masked).privileged, false);
  const few = { ...PRIVILEGED, linux: { resources: { devices: [{ allow: false }, { type: "c", allow: true }] } } };
  assert.equal(metadataOf("x", few).privileged, false);
});

test("parts of an image's name", () => {
  assert.deepEqual(imageParts("host:5000/a/b"), { image: "host:5000/a/b", repository: "host:5000/a/b" });
  assert.deepEqual(imageParts("a:1@sha256:ff"), {
    image: "a:1@sha256:ff",
    repository: "a",
    tag: "1",
    digest: "sha256:ff",
  });
});
