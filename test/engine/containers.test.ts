// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeThreads, run } from "../e2e/support.js";
import { conditionRules } from "../support/run-fields.js";
import { ScapBuilder } from "../support/scap-builder.js";

after(closeThreads);

test("processes belong to containers unless that is switched off: then they are the host's", async () => {
  const id = "0123456789ab".padEnd(64, "c");
  const path = new ScapBuilder()
    .section()
    .machine()
    .threads([{ tid: 1000, cgroups: [`cpu=/docker/${id}`] }])
    .event("SYSCALL_CLOSE_X", { res: 0 }, { tid: 1000 })
    .toFile();
  for (const [containers, expected] of [
    [true, "0123456789ab\n"],
    [undefined, "0123456789ab\n"],
    [false, "host\n"],
  ] as const) {
    const { output, report } = await run(path, conditionRules("evt.type = close"), 1, {
      encoder: { kind: "read-fields", fields: ["container.id"] },
      ...(containers === undefined ? {} : { containers }),
    });
    assert.equal(report.failure, null);
    assert.equal(output, expected, String(containers));
  }
});
