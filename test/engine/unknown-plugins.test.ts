// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { RESULTS } from "../../src/batch/control.js";
import { UnknownPlugins } from "../../src/engine/unknown-plugins.js";

test("events of plugins that are not loaded: a batch that is evaluated again counts once", () => {
  const unknown = new UnknownPlugins();
  assert.deepEqual(unknown.add(0, [[7, 3]], 0), [7]);
  assert.deepEqual(
    unknown.add(
      1,
      [
        [7, 2],
        [9, 1],
      ],
      0,
    ),
    [9],
  );
  // The worker of batch 1 died, and the event of plugin 9 was passed over.
  assert.deepEqual(unknown.add(1, [[7, 2]], 1), []);
  assert.deepEqual(unknown.add(2, [[7, 1]], 2), []);
  assert.deepEqual(unknown.report(), [
    { id: 7, events: 6 },
    { id: 9, events: 0 },
  ]);
});

test("numbers of batches begin anew: what was released long ago is forgotten", () => {
  const unknown = new UnknownPlugins();
  unknown.add(5, [[7, 3]], 5);
  unknown.add(6, [[7, 1]], 6 + RESULTS);
  unknown.add(5, [[7, 4]], 6 + RESULTS);
  assert.deepEqual(unknown.report(), [{ id: 7, events: 8 }]);
});
