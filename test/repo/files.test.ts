// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, isGenerated, textOf } from "./scan.js";

const CODE = [".ts", ".mjs", ".js", ".cc", ".h", ".c", ".g4"];
const FOLDERS = ["src", "native", "scripts", "bin", "bench", "test", "plugins", "grammar"];
const code = FOLDERS.flatMap((folder) => filesOf(folder, ...CODE)).filter((path) => !path.startsWith("bench/results/"));
const hand = code.filter((path) => !isGenerated(path));

test("every source file begins with the licence line", () => {
  const bad = hand.filter((path) => {
    const [first, second] = textOf(path).split("\n");
    return (
      !`${first}`.includes("SPDX-License-Identifier: Apache-2.0") &&
      !(`${first}`.startsWith("#!") && `${second}`.includes("SPDX-License-Identifier: Apache-2.0"))
    );
  });
  assert.deepEqual(bad, []);
});

test("no file written by hand has more than 500 lines", () => {
  const bad = hand.filter((path) => textOf(path).split("\n").length > 501);
  assert.deepEqual(bad, []);
});

test("nothing is left for later in comments", () => {
  const words = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
  const bad = hand.filter((path) => words.test(textOf(path)));
  assert.deepEqual(bad, []);
});

test("no `any` and no `!` assertions are switched off", () => {
  const bad = hand.filter(
    (path) => path.startsWith("src/") && /@ts-(ignore|nocheck|expect-error)|biome-ignore-all/.test(textOf(path)),
  );
  assert.deepEqual(bad, []);
});

test("file names are kebab-case", () => {
  const bad = hand.filter(
    (path) => path.startsWith("src/") && !/^[a-z0-9-]+(\.generated)?\.ts$/.test(path.split("/").at(-1) ?? ""),
  );
  assert.deepEqual(bad, []);
});
