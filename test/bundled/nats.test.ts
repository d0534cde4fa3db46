// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSource, TestContext } from "peregrine/sdk/testing";
import { parsePlace } from "../../plugins/nats/config.js";
import { plugin } from "../../plugins/nats/index.js";
import { natsServer, type TestStreams } from "./nats-server.js";
import { idsOf, readAll, record } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-nats-"));
const found = await natsServer(join(folder, "streams"));
const skip: string | false = found === null ? "nats-server is not there (Debian package nats-server)" : false;
const { url, manager, stream } = found ?? ({ url: "" } as TestStreams);
after(async () => {
  await found?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function waitFor(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; !(await holds()); n++) {
    assert.ok(n < 3000, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function publish(name: string, ids: readonly string[]): Promise<void> {
  await manager.streams.add({ name, subjects: [`${name}.>`] });
  for (const id of ids) await stream.publish(`${name}.events`, JSON.stringify(record(id)));
}

/** Events that were sent to nobody, and those that were sent and not acknowledged. */
async function left(name: string, consumer: string): Promise<string> {
  const info = await manager.consumers.info(name, consumer);
  return `${info.num_pending},${info.num_ack_pending}`;
}

test("events in their order, acknowledged and not before; the rest goes to who comes next", { skip }, async () => {
  await publish("ORDER", idsOf("o", 100));
  const parameters = `${url}/ORDER/falcons`;
  let source = await openSource(plugin, { parameters, context: new TestContext() });
  const ids = await readAll(source, { count: 30, max: 10 });
  assert.deepEqual(ids, idsOf("o", 100).slice(0, 30));
  await source.close();
  source = await openSource(plugin, { parameters, context: new TestContext() });
  assert.deepEqual((await readAll(source, { count: 70 })).sort(), idsOf("o", 100).slice(30).sort());
  await waitFor("an empty stream", async () => (await left("ORDER", "falcons")) === "0,0");
  await source.close();
});

test("an event is kept while it takes long; its time is that of the server", { skip }, async () => {
  await publish("SLOW", ["one"]);
  const context = new TestContext();
  const config = { ackWaitSeconds: 1 };
  const source = await openSource(plugin, { parameters: `${url}/SLOW/one`, config, context });
  const other = await openSource(plugin, { parameters: `${url}/SLOW/one`, config, context: new TestContext() });
  let batch = await source.nextBatch(10, 1000);
  while (batch.events.length === 0) batch = await source.nextBatch(10, 1000);
  const age = BigInt(Date.now()) * 1_000_000n - (batch.events[0]?.time ?? 0n);
  assert.ok(age >= -1_000_000_000n && age < 60_000_000_000n, String(age));
  assert.equal((await other.nextBatch(10, 3000)).events.length, 0);
  await source.ack?.(batch.position);
  await waitFor("its acknowledgement", async () => (await left("SLOW", "one")) === "0,0");
  await source.close();
  await other.close();
});

test("three processes, one of them killed: nothing is lost", { skip }, async () => {
  const all = idsOf("k", 3000);
  await publish("KILL", all);
  const out = (n: number): string => join(folder, `kill-${n}.out`);
  const lines = (n: number): string[] =>
    existsSync(out(n)) ? readFileSync(out(n), "utf8").split("\n").slice(0, -1) : [];
  const child = fileURLToPath(new URL("reader-child.js", import.meta.url));
  const readers = [0, 1, 2].map((n) => {
    const config = { ackWaitSeconds: 2, maxInFlight: 200 };
    const argument = { name: "nats", parameters: `${url}/KILL/falcons`, config, out: out(n), pause: 10 };
    return spawn(process.execPath, [child, JSON.stringify(argument)], { stdio: "inherit" });
  });
  const exits = readers.map((one) => once(one, "exit"));
  await waitFor("the first reader", () => lines(0).length > 100);
  readers[0]?.kill("SIGKILL");
  await waitFor("an empty stream", async () => (await left("KILL", "falcons")) === "0,0");
  for (const one of readers) one.kill("SIGTERM");
  await Promise.all(exits);
  const got = [0, 1, 2].flatMap(lines);
  assert.deepEqual([...new Set(got)].sort(), [...all].sort());
  assert.ok(lines(1).length > 0 && lines(2).length > 0);
  assert.ok(got.length < all.length + 500, `${got.length - all.length} came twice`);
});

test("what cannot be opened", { skip }, async () => {
  const open = (parameters: string) => openSource(plugin, { parameters });
  await assert.rejects(open(`${url}/NOSTREAM/c`), { name: "SourceFailure", retry: false });
  await assert.rejects(open("nats://127.0.0.1:1/S/c"), { name: "SourceFailure", retry: true });
});

test("addresses; one with a password is not repeated", () => {
  assert.deepEqual(parsePlace("nats://h:4222/S/c"), { server: "nats://h:4222", stream: "S", consumer: "c" });
  for (const text of ["", "nats://h", "nats://h/S", "nats://h/S/c.d", "http://h/S/c"])
    assert.throws(() => parsePlace(text), /expected nats/);
  assert.throws(
    () => parsePlace("nats://alice:secret@h/S/c"),
    (error: Error) => !error.message.includes("secret"),
  );
});
