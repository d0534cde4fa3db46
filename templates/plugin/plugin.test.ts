import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSource, startExtractor } from "peregrine/sdk/testing";
import { plugin } from "./PLUGIN.ts";

const example = fileURLToPath(new URL("events.jsonl", import.meta.url));

test("the source makes an event of each line, and ends", async () => {
  const source = await openSource(plugin, { parameters: example });
  const events: unknown[] = [];
  for (let end = false; !end; ) {
    const batch = await source.nextBatch(100, 100);
    events.push(...batch.events);
    end = batch.end === true;
  }
  await source.close();
  assert.equal(events.length, 3);
});

test("a file that is not there is told", async () => {
  await assert.rejects(openSource(plugin, { parameters: "/nowhere" }), { name: "ConfigFailure" });
});

test("fields have the values of the line, or none", () => {
  const fields = ["SOURCE.user", "SOURCE.action", "SOURCE.failed", "SOURCE.value[from]"];
  const valuesOf = startExtractor(plugin, fields);
  assert.deepEqual(valuesOf({ data: '{"user": "mallory", "action": "login", "failed": true, "from": "10.0.0.9"}' }), {
    "SOURCE.user": "mallory",
    "SOURCE.action": "login",
    "SOURCE.failed": true,
    "SOURCE.value[from]": "10.0.0.9",
  });
  assert.deepEqual(new Set(Object.values(valuesOf({ data: "no JSON" }))), new Set([null]));
});
