// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { fnmatch } from "../../src/rules/fnmatch.js";

function packageRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, "package.json"))) at = dirname(at);
  return at;
}

/** Builds the C library's side of the comparison; null where there is no compiler. */
function buildLibc(into: string): string | null {
  const program = join(into, "libc-fnmatch");
  const source = join(packageRoot(), "test/support/libc-fnmatch.c");
  for (const compiler of ["cc", "gcc", "clang"]) {
    if (spawnSync(compiler, ["-O1", "-o", program, source]).status === 0) return program;
  }
  return null;
}

interface Case {
  readonly fold: boolean;
  readonly pattern: string;
  readonly text: string;
}

function askLibc(program: string, cases: readonly Case[]): string {
  const input = cases.map(({ fold, pattern, text }) => `${fold ? "\x01" : "\x02"}${pattern}\0${text}\0`).join("");
  const run = spawnSync(program, { input: Buffer.from(input, "latin1"), maxBuffer: 1 << 26, env: { LC_ALL: "C" } });
  assert.equal(run.status, 0);
  return run.stdout.toString("latin1");
}

const PIECES =
  "* ** ? [ ] [! [^ - a b c A Z z / . \\ \\* [a-c] [!a-c] [a\\]b] []a] [!]a] [-a] [a-] [:alpha:] [[:upper:]] [[:bad:]] [:z [[=a=]] [[.a.]] [[.-.]] [[.a.]-[.c.]] [A-[.c.]] [[.a.]-] [[.ab.]] : = \xe9 ! ^".split(
    " ",
  );
const CHARACTERS = [..."abcAZz/.\\[]-*:=!^\xe9\n"];

const anyCase: fc.Arbitrary<Case> = fc.record({
  fold: fc.boolean(),
  pattern: fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((parts) => parts.join("")),
  text: fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 6 }).map((parts) => parts.join("")),
});

/** A text made to fit a pattern that it is mostly equal to. */
const nearCase: fc.Arbitrary<Case> = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.constantFrom(...CHARACTERS), { minLength: 1, maxLength: 8 }),
    fc.infiniteStream(fc.nat({ max: 5 })),
  )
  .map(([fold, text, stream]) => {
    const choose = (): number => stream.next().value as number;
    const pattern = text.map((c) => [c, "?", "*", `[${c}x]`, "[!q]", c.toUpperCase()][choose()] as string).join("");
    return { fold, pattern, text: text.join("") };
  });

describe("fnmatch", () => {
  it("gives the C library's answers", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "peregrine-fnmatch-"));
    try {
      const program = buildLibc(folder);
      if (program === null) {
        t.skip("no C compiler");
        return;
      }
      const cases = [
        ...fc.sample(anyCase, { numRuns: 30_000, seed: 11 }),
        ...fc.sample(nearCase, { numRuns: 20_000, seed: 12 }),
      ];
      const answers = askLibc(program, cases);
      assert.equal(answers.length, cases.length);
      assert.ok([...answers].filter((answer) => answer === "1").length > 3000, "enough of them match");
      for (const [i, { fold, pattern, text }] of cases.entries()) {
        const says = `fnmatch(${JSON.stringify(pattern)}, ${JSON.stringify(text)}, fold: ${fold})`;
        assert.equal(fnmatch(pattern, text, fold), answers[i] === "1", says);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const [pattern, text, fold, matches] of [
    ["/etc/*", "/etc/a/b", false, true],
    ["*", "", false, true],
    ["*", ".hidden", false, true],
    ["?", "/", false, true],
    ["a?c", "ac", false, false],
    ["[a-c]x", "bx", false, true],
    ["[!a-c]x", "bx", false, false],
    ["\\*", "*", false, true],
    ["\\*", "a", false, false],
    ["a[", "a[", false, true],
    ["ABC", "abc", false, false],
    ["ABC", "abc", true, true],
    ["[A-C]", "b", true, true],
    ["\xc9", "\xe9", true, false],
    ["", "", false, true],
    ["", "a", false, false],
    ["[[:constructor:]]", "a", false, false],
    ["[[:xdigit:]]", "F", false, true],
  ] as const) {
    it(`${fold ? "iglob" : "glob"} ${JSON.stringify(pattern)} on ${JSON.stringify(text)}: ${matches}`, () => {
      assert.equal(fnmatch(pattern, text, fold), matches);
    });
  }

  it("takes bounded time on a pattern built to be slow", () => {
    const started = process.hrtime.bigint();
    assert.equal(fnmatch(`${"a*".repeat(500)}b`, "a".repeat(20_000), false), false);
    assert.equal(fnmatch(`${"*[!b]".repeat(200)}b`, "a".repeat(20_000), true), false);
    // Exponential backtracking would take longer than the age of the machine; the limit leaves room for a slow one.
    assert.ok(process.hrtime.bigint() - started < 10_000_000_000n);
  });
});
