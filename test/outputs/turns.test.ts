// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../../src/outputs/turns.js";

test("tasks never run into each other, and what fails is told to the one whose task it was", async () => {
  const seen: string[] = [];
  let writing = false;
  const turns = new Turns();
  const write = async (text: string): Promise<void> => {
    assert.equal(writing, false);
    writing = true;
    seen.push(`${text} begins`);
    await new Promise(setImmediate);
    seen.push(`${text} ends`);
    writing = false;
    if (text === "bad") throw new Error("no room");
  };
  const results = await Promise.allSettled(["a", "bad", "c"].map((text) => turns.take(() => write(text))));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(seen, ["a begins", "a ends", "bad begins", "bad ends", "c begins", "c ends"]);
  await new Promise(setImmediate);
  assert.equal(
    turns.take(() => void seen.push("x")),
    undefined,
    "at once again",
  );
  assert.equal(seen.at(-1), "x");
});
