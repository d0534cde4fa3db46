// SPDX-License-Identifier: Apache-2.0

/* The command watches a bucket, is killed while a log is half read, and goes on where it was. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { S3Client } from "@aws-sdk/client-s3";
import { startCommand } from "./command.js";
import { put, s3Of, startProxy, startS3, type TestServer } from "./servers.js";
import { idsOf, logFile, record, trailKey } from "./trail.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-command-s3-"));
let server: TestServer;
let s3: S3Client;
before(async () => {
  server = await startS3(join(folder, "objects"));
  s3 = s3Of(server);
});
after(async () => {
  s3.destroy();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ACCOUNT = "123456789012";
const key = (minute: string, suffix: string): string => trailKey(ACCOUNT, "us-east-1", minute, suffix);

test("killed while it follows a bucket: it goes on behind what was delivered, and finds what came meanwhile", async () => {
  const requestParameters = { text: "x".repeat(15_000) };
  const records = Array.from({ length: 1200 }, (_, n) => record(`long-${n}`, { requestParameters }));
  await put(s3, "followed", {
    [key("20260102T0305", "a")]: logFile("a", 60),
    // Longer than what is fetched in one go: read as a stream.
    [key("20260102T0310", "long").replace(".gz", "")]: JSON.stringify({ Records: records }),
    [key("20260102T0315", "b")]: logFile("b", 60),
    [key("20260102T0320", "bad")]: "no gzip and no JSON",
  });
  let held = 0;
  const proxy = await startProxy(server.url, (method, path) =>
    method === "GET" && path.includes("_long.json") && held++ === 0 ? "hold" : "no",
  );
  const place = join(folder, "run");
  const aws = { endpoint: proxy.url, forcePathStyle: true };
  const start = () =>
    startCommand({
      folder: place,
      plugin: "cloudtrail",
      openParams: "s3://followed/logs/AWSLogs/123456789012/",
      initConfig: { aws, follow: true, pollSeconds: 0.5 },
    });
  /** What the state file says, as text. */
  const state = (): string => {
    const name = readdirSync(place).find((each) => each.startsWith("cloudtrail-s3-"));
    return name === undefined ? "" : readFileSync(join(place, name), "utf8");
  };
  let command = start();
  const inLong = (ids: readonly string[]): number => ids.filter((id) => id.startsWith("long-")).length;
  await command.until("half a file", () => inLong(command.ids()) > 100 && state().includes("_long."));
  await command.kill();
  const first = command.ids();
  assert.ok(inLong(first) < 1200);
  await put(s3, "followed", { [key("20260102T0325", "c")]: logFile("c", 60) });
  command = start();
  const wanted = [...idsOf("a", 60), ...idsOf("long", 1200), ...idsOf("b", 60), ...idsOf("c", 60)];
  await command.until("all records", () => new Set(command.ids()).size >= wanted.length);
  await put(s3, "followed", { [key("20260102T0330", "d")]: logFile("d", 60) });
  await command.until("what came while it ran", () => command.ids().filter((id) => id.startsWith("d-")).length === 60);
  const summary = await command.stop();
  summary.balances();
  assert.equal(summary.metric("records_quarantined"), 1);
  const all = command.ids();
  assert.deepEqual([...new Set(all)].sort(), [...wanted, ...idsOf("d", 60)].sort());
  // What the state file held is not read again: the first file was delivered whole.
  assert.equal(all.filter((id) => id.startsWith("a-")).length, 60);
  assert.ok(all.length - wanted.length - 60 < inLong(first), "the long file was read from its start");
  await proxy.stop();
});
