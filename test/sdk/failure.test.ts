// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceFailure } from "../../src/sdk/index.js";

test("a SourceFailure ends the source unless it says that it may come back", () => {
  const plain = new SourceFailure("gone");
  assert.equal(plain.message, "gone");
  assert.equal(plain.retry, false);
  assert.equal("cause" in plain, false);
  const cause = new Error("reset");
  const again = new SourceFailure("away", { retry: true, cause });
  assert.equal(again.retry, true);
  assert.equal(again.cause, cause);
});
