// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { largeCaptures, packageRoot } from "./paths.js";

/** A file below the test data that stands beside the package, null where it is not there. */
export function sharedFile(path: string): string | null {
  const shared = process.env["PEREGRINE_SHARED"] ?? join(dirname(packageRoot()), "shared");
  const file = join(shared, "data", path);
  return existsSync(file) ? file : null;
}

/** The capture that the bench repeats: a recorded one, or a made-up one where that is not there. */
export async function defaultSeed(): Promise<string> {
  const recorded = sharedFile("captures/modern/mixed.scap");
  if (recorded !== null) return recorded;
  const { syntheticSeed } = await import("./grow/synthetic.js");
  const path = join(largeCaptures(), "synthetic.scap");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, syntheticSeed(40_000));
  return path;
}

/** Rules that a case runs. */
export interface RuleFiles {
  readonly name: string;
  readonly files: readonly string[];
  /** Every rule, also those that are disabled in the files. */
  readonly all: boolean;
}

/** The rule sets of the bench: Falco's, where they are at hand. */
export function defaultRuleSets(): RuleFiles[] {
  const official = ["falco_rules", "falco-incubating_rules", "falco-sandbox_rules"].map((name) =>
    sharedFile(`rules/official/${name}.yaml`),
  );
  const found = official.filter((file) => file !== null);
  const [first] = found;
  if (first === undefined || found.length < official.length) {
    return [{ name: "made-up rules", files: [join(packageRoot(), "bench", "rules.yaml")], all: true }];
  }
  return [
    { name: "falco_rules.yaml", files: [first], all: false },
    { name: "all three files, every rule enabled", files: found, all: true },
  ];
}
