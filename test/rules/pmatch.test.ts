// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fnmatch } from "../../src/rules/fnmatch.js";
import { PathPrefixes } from "../../src/rules/pmatch.js";

describe("pmatch", () => {
  for (const [prefixes, path, matches] of [
    [["/a/b"], "/a/b", true],
    [["/a/b"], "/a/b/c", true],
    [["/a/b"], "/a/bc", false],
    [["/a/b"], "/a", false],
    [["a/b"], "/a/b", true],
    [["/a/b/"], "//a//b", true],
    [["/"], "anything", true],
    [["/"], "", true],
    [[""], "/x", true],
    [[], "/x", false],
    [["/opt/*"], "/opt/dir/sub/f", true],
    [["/opt/*"], "/opt", false],
    [["/opt/*/lib"], "/opt/a/lib/x", true],
    [["/opt/*/lib"], "/opt/a/b/lib", false],
    [["/opt/[ab]?"], "/opt/bz", true],
    [["/a/x", "/a"], "/a/y", true],
    [["/a\\b"], "/a\\b/c", true],
    [["/*/x", "/b/y"], "/b/x", true],
  ] as const) {
    it(`${JSON.stringify(path)} in ${JSON.stringify(prefixes)}: ${matches}`, () => {
      assert.equal(new PathPrefixes(prefixes).matches(path), matches);
    });
  }

  it("agrees with a look at every prefix", () => {
    const part = fc.constantFrom("a", "b", "ab", "*", "a*", "?", "");
    const path = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    const split = (text: string): string[] => text.split("/").filter((each) => each !== "");
    fc.assert(
      fc.property(fc.array(path, { maxLength: 6 }), path, (prefixes, text) => {
        const have = split(text);
        const plain = prefixes.some((prefix) =>
          split(prefix).every((want, i) => have[i] !== undefined && fnmatch(want, have[i], false)),
        );
        assert.equal(new PathPrefixes(prefixes).matches(text), plain);
      }),
      { numRuns: 2000, seed: 5 },
    );
  });

  it("visits each prefix once, however many stars there are", () => {
    const prefixes = Array.from({ length: 12 }, (_, i) => `/${"*/".repeat(i)}${"a/".repeat(12 - i)}end`);
    assert.equal(new PathPrefixes(prefixes).matches("/a".repeat(5000)), false);
  });
});
