// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerEngine, ContainerMetadata } from "../../src/containers/engine.js";
import { ContainerLookup, type LookupOptions } from "../../src/containers/lookup.js";
import { mountText, parseContainer } from "../../src/fields/container-info.js";

type Answer = ContainerMetadata | null | Error | Promise<ContainerMetadata | null>;

/** An engine that answers from a table, and notes what it was asked. */
function engine(type: string, answers: Record<string, Answer>): ContainerEngine & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    type,
    asked,
    inspect: async (id) => {
      asked.push(id);
      const answer = await (answers[id] ?? null);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const WEB: ContainerMetadata = { fullId: "a".repeat(64), name: "web" };

/** A look-up, and a promise for each answer that it will give. */
function lookup(options: Omit<LookupOptions, "found">): {
  lookup: ContainerLookup;
  next: () => Promise<[string, string]>;
} {
  const found: [string, string][] = [];
  const waiting: ((answer: [string, string]) => void)[] = [];
  const made = new ContainerLookup({
    ...options,
    found: (id, text) => {
      const reader = waiting.shift();
      if (reader === undefined) found.push([id, text]);
      else reader([id, text]);
    },
  });
  const next = (): Promise<[string, string]> => {
    const ready = found.shift();
    return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
  };
  return { lookup: made, next };
}

test("the first engine that knows a container tells of it, once", async () => {
  const docker = engine("docker", { c1: WEB });
  const podman = engine("podman", { c1: { ...WEB, name: "other" }, c2: { ...WEB, name: "db" } });
  const { lookup: containers, next } = lookup({ engines: [docker, podman] });
  containers.ask("c1");
  containers.ask("c1");
  containers.ask("host");
  containers.ask("");
  const [id, text] = await next();
  assert.equal(id, "c1");
  assert.deepEqual([parseContainer(text)?.name, parseContainer(text)?.type], ["web", "docker"]);
  containers.ask("c2");
  const [, second] = await next();
  assert.deepEqual([parseContainer(second)?.name, parseContainer(second)?.type], ["db", "podman"]);
  containers.ask("c1");
  assert.deepEqual([docker.asked, podman.asked], [["c1", "c2"], ["c2"]]);
  // One that was removed and comes again is another.
  containers.forget("c1");
  containers.ask("c1");
  await next();
  assert.deepEqual(docker.asked, ["c1", "c2", "c1"]);
  assert.deepEqual(containers.counters, { asked: 3, found: 3, unknown: 0, errors: 0 });
});

test("an engine that cannot be asked is told of once, and its containers are asked for again", async () => {
  const answers: Record<string, Answer> = { c1: new Error("no socket"), c2: new Error("no socket") };
  const broken = engine("docker", answers);
  const other = engine("podman", { end: WEB });
  const failures: string[] = [];
  const { lookup: containers, next } = lookup({
    engines: [broken, other],
    concurrency: 1,
    failed: ({ type }, error) => failures.push(`${type}: ${String(error)}`),
  });
  containers.ask("c1");
  containers.ask("c2");
  containers.ask("end");
  await next();
  assert.deepEqual(failures, ["docker: Error: no socket"]);
  assert.deepEqual(containers.counters, { asked: 3, found: 1, unknown: 2, errors: 2 });
  answers["c1"] = WEB;
  containers.ask("c1");
  assert.equal((await next())[0], "c1");
  // A container that nobody knows is not asked for again.
  const before = broken.asked.length;
  containers.ask("none");
  containers.ask("none");
  answers["c3"] = WEB;
  containers.ask("c3");
  await next();
  containers.ask("none");
  assert.deepEqual(broken.asked.slice(before), ["none", "c3"]);
});

test("no more questions at a time than allowed, and none after close", async () => {
  let open = 0;
  let most = 0;
  const release: (() => void)[] = [];
  const slow: ContainerEngine = {
    type: "cri",
    inspect: () => {
      open++;
      most = Math.max(most, open);
      return new Promise((resolve) =>
        release.push(() => {
          open--;
          resolve(WEB);
        }),
      );
    },
  };
  const { lookup: containers, next } = lookup({ engines: [slow], concurrency: 2 });
  for (let i = 0; i < 5; i++) containers.ask(`c${i}`);
  for (let i = 0; i < 4; i++) {
    release.shift()?.();
    await next();
  }
  assert.equal(most, 2);
  containers.close();
  release.shift()?.();
  containers.ask("c9");
  assert.equal(containers.counters.asked, 5);
  assert.equal(containers.counters.found, 4);
});

test("an engine that does not answer in time counts as one that cannot be asked", async () => {
  const signals: AbortSignal[] = [];
  const mute: ContainerEngine = {
    type: "docker",
    inspect: (_id, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  };
  const { lookup: containers, next } = lookup({ engines: [mute, engine("podman", { c1: WEB })], timeout: 1 });
  // The timer of a time limit does not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  containers.ask("c1");
  assert.equal((await next())[0], "c1");
  clearInterval(alive);
  assert.equal(signals[0]?.aborted, true);
  assert.equal(containers.counters.errors, 1);
});

test("the event's text carries everything that fields read", async () => {
  const mounts = [{ source: "/s", destination: "/d", mode: "ro", writable: false, propagation: "rprivate" }];
  const full: ContainerMetadata = {
    ...WEB,
    image: "repo/app:1",
    imageId: "sha",
    repository: "repo/app",
    tag: "1",
    digest: "sha256:x",
    ip: "172.17.0.2",
    cni: "{}",
    sandboxId: "pod",
    privileged: true,
    hostPid: true,
    hostNetwork: true,
    hostIpc: true,
    labels: { b: "2", a: "caf\u00e9" },
    sandboxLabels: { app: "x" },
    mounts,
  };
  const { lookup: containers, next } = lookup({ engines: [engine("docker", { c1: full })] });
  containers.ask("c1");
  const info = parseContainer(Buffer.from((await next())[1]).toString("latin1"));
  assert.ok(info);
  const { labels, sandboxLabels, mounts: read, ...rest } = info;
  assert.deepEqual(rest, {
    id: "c1",
    fullId: "a".repeat(64),
    name: "web",
    image: "repo/app:1",
    imageId: "sha",
    repository: "repo/app",
    tag: "1",
    digest: "sha256:x",
    type: "docker",
    ip: "172.17.0.2",
    cni: "{}",
    sandboxId: "pod",
    privileged: true,
    hostPid: true,
    hostNetwork: true,
    hostIpc: true,
  });
  assert.deepEqual(
    [...labels],
    [
      ["a", "caf\xc3\xa9"],
      ["b", "2"],
    ],
  );
  assert.deepEqual([...sandboxLabels], [["app", "x"]]);
  assert.deepEqual(read.map(mountText), ["/s:/d:ro:false:rprivate"]);
});
