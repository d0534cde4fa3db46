// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { CaptureCopy } from "../../src/capture/copy.js";
import { closeThreads, rulesOf, run } from "../e2e/support.js";
import { allCaptures } from "../support/captures.js";
import { everything, plainFields } from "../support/run-fields.js";
import { packageRoot } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary.js";

after(closeThreads);

const folder = temporaryFolder();
const RULES = rulesOf(readFileSync(join(packageRoot, "rules", "peregrine_rules.yaml"), "utf8"));
/** Events of a capture that are compared in every field; with all of them alerts are. */
const COMPARED = "evt.num < 6000";

function copyOf(from: string, name: string): string {
  const to = join(folder, name);
  const copier = new CaptureCopy({ from, to });
  while (copier.copyAll(100_000));
  copier.close();
  return to;
}

/** The first line that differs, for a message that can be read. */
function assertSame(actual: string, expected: string, what: string): void {
  if (actual === expected) return;
  const [a, b] = [actual.split("\n"), expected.split("\n")];
  const at = b.findIndex((line, i) => line !== a[i]);
  assert.equal(a[at], b[at], `${what}, line ${at + 1}`);
  assert.equal(a.length, b.length, what);
}

for (const capture of allCaptures()) {
  const name = capture.slice(capture.lastIndexOf("/") + 1);
  test(`${name}: every field of its events, and every alert, is the same in a copy and in a copy of that`, async () => {
    const plain = copyOf(capture, "plain.scap");
    const again = copyOf(plain, "again.scap.gz");
    const fields = plainFields();
    const expected = await everything(capture, fields, COMPARED, "read-json");
    assert.ok(expected.length > 0 || name.startsWith("crash"));
    const alerts = (await run(capture, RULES, 1)).output;
    for (const copy of [plain, again]) {
      assertSame(await everything(copy, fields, COMPARED, "read-json"), expected, copy);
      assertSame((await run(copy, RULES, 1)).output, alerts, copy);
    }
  });
}
