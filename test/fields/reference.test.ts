// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { field } from "../support/field-bed.js";
import { replayFields } from "../support/replay-fields.js";
import { packageRoot, shared, withoutShared } from "../support/shared.js";

/** Captures small enough to be read here; the conformance run reads them all. */
const CAPTURES = [
  "falco/cat_write.scap",
  "libs/test_ipv6_client.scap",
  "sysflow/files-filesat.scap",
  "modern/host-activity.scap",
];

/** Control characters show as U+FFFD in the reference, which cleans texts before it shows them; here they are escaped. */
function cleaned(json: string): string {
  return json.replace(/\\(?:[bfnrt]|u00[01][0-9a-f])/g, "\ufffd");
}

const addon = existsSync(join(packageRoot, "build", "Release", "peregrine.node"));
const skip = withoutShared || (addon ? false : "the native addon is not built");

test("values of the events of captures, as the reference has them", { skip }, () => {
  const differ = new Map<string, number>();
  let compared = 0;
  for (const capture of CAPTURES) {
    const file = shared("data", "expected", "reference", `${capture}.events.jsonl.gz`);
    const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
    const expected = new Map<number, Record<string, unknown>>();
    for (const line of lines) {
      const event = JSON.parse(line) as Record<string, unknown>;
      expected.set(event["evt.num"] as number, event);
    }
    const names = Object.keys([...expected.values()][0] ?? {}).filter((name) => name !== "evt.rawtime");
    const fields = names.map(field);
    let seen = 0;
    replayFields(shared("data", "captures", capture), fields, (e) => {
      const event = expected.get(e.number);
      if (event === undefined) return;
      seen++;
      for (const each of fields) {
        compared++;
        const wanted = JSON.stringify(event[each.name]);
        if (cleaned(each.value(e).json) !== wanted) differ.set(each.name, (differ.get(each.name) ?? 0) + 1);
      }
    });
    assert.equal(seen, expected.size, capture);
  }
  const total = [...differ.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(compared > 300_000, `${compared} values`);
  assert.ok(total <= compared / 2000, `of ${compared} values differ: ${JSON.stringify(Object.fromEntries(differ))}`);
});
