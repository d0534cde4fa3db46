// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, isGenerated, textOf } from "./scan.js";

/** The table of threads of a machine that is watched or of a capture, for libraries; captures give them one of their own. */
const KEPT = new Set(["src/plugins/library/thread-rows.ts: EngineThreads"]);

// scripts/generate-native.mjs reads all constants of src/batch.
const hand = [...filesOf("src", ".ts"), ...filesOf("plugins", ".ts")].filter(
  (path) => !isGenerated(path) && !path.startsWith("src/batch/"),
);
const users = ["src", "plugins", "bench", "scripts", "test", "bin"].flatMap((folder) =>
  filesOf(folder, ".ts", ".mjs", ".js"),
);

test("functions, classes and constants that are exported are used elsewhere", () => {
  const files = new Map<string, Set<string>>();
  for (const path of users) {
    for (const [word] of textOf(path).matchAll(/\w+/g)) {
      const known = files.get(word);
      if (known === undefined) files.set(word, new Set([path]));
      else known.add(path);
    }
  }
  const unused = hand.flatMap((path) => {
    const names = textOf(path).matchAll(/^export (?:abstract )?(?:async )?(?:const|function\*?|class) (\w+)/gm);
    return [...names].flatMap(([, name]) => ((files.get(name)?.size ?? 0) > 1 ? [] : [`${path}: ${name}`]));
  });
  assert.deepEqual(
    unused.filter((entry) => !KEPT.has(entry)),
    [],
  );
});
