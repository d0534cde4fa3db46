// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type S3State, StateFile } from "../../plugins/cloudtrail/s3-state.js";
import { temporaryFolder } from "../support/temporary.js";

const folder = temporaryFolder();
const stateAt = (number: number): S3State => ({
  version: 1,
  what: "here",
  passFrom: 1,
  since: null,
  cursors: {},
  current: { key: "log", number },
  recent: [],
});

test("what is saved soon after the last time is written all the same, though nothing more is saved", async () => {
  const path = join(folder, "late.json");
  const file = new StateFile(path, "here");
  let number = 1;
  const save = (): void => file.save(() => stateAt(number), false);
  save();
  number = 2;
  save();
  assert.equal(file.dirty, true);
  number = 3;
  while (file.dirty) await sleep(10);
  assert.deepEqual(file.load(), stateAt(3));
});

test("a file that was removed does not come back", async () => {
  const path = join(folder, "removed.json");
  const file = new StateFile(path, "here");
  file.save(() => stateAt(1), false);
  file.save(() => stateAt(2), false);
  assert.match(readFileSync(path, "utf8"), /"number":1/);
  file.remove();
  // Longer than a write is put off.
  await sleep(600);
  assert.equal(existsSync(path), false);
});
