// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { shared, withoutShared } from "../support/shared.js";
import { loadExpected, replay } from "./replay.js";

const SUFFIX = ".events.jsonl.gz";

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

test("what captures tell of processes and fds is what another engine makes of them", { skip: withoutShared }, () => {
  const root = shared("data", "expected", "reference");
  const counts = new Map<string, { equal: number; all: number }>();
  for (const file of filesBelow(root).filter((path) => path.endsWith(SUFFIX))) {
    const capture = shared("data", "captures", relative(root, file).slice(0, -SUFFIX.length));
    if (!existsSync(capture)) continue;
    const expected = loadExpected(file);
    const seen = new Set<number>();
    replay(capture, (number, fields) => {
      const event = expected.get(number);
      if (event === undefined) return;
      seen.add(number);
      for (const [name, value] of Object.entries(fields)) {
        // Where there is no fd record, a name is made of the event: not here.
        if (event[name] === null || event[name] === undefined || (name === "fd.name" && value === null)) continue;
        const count = counts.get(name) ?? { equal: 0, all: 0 };
        counts.set(name, count);
        count.all++;
        if (event[name] === value) count.equal++;
      }
    });
    assert.equal(seen.size, expected.size, capture);
  }
  for (const [name, { equal, all }] of counts) assert.ok(equal / all > 0.999, `${name}: ${equal} of ${all}`);
});
