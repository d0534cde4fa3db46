// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { shared } from "../support/shared.js";
import { parseExact } from "./json.js";

/** One case of a suite as it stands in the reference data: one JSON object a line. */
export interface Case {
  readonly id: string;
  readonly kind: string;
  readonly semantics: string;
  /** false where a file that the case needs cannot be had; `missing` names it. */
  readonly runnable?: boolean;
  readonly missing?: readonly string[];
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

/** What came of one thing that was checked. A case may check several. */
export interface Check {
  /** Unique in all suites; known-failures.json refers to it. */
  readonly id: string;
  readonly ok: boolean;
  /** What was expected and what came instead; empty where all is well. */
  readonly detail: string;
  /** Set where nothing could be checked, with the reason. */
  readonly skipped?: string;
}

export interface Suite {
  readonly name: string;
  /**
   * all: every check passes or is a known failure. share: `gate` says whether enough of them do. report: shown only.
   */
  readonly mode: "all" | "share" | "report";
  readonly cases: readonly Case[];
  run(one: Case): Promise<readonly Check[]>;
  /** After all cases: lines to print under the table, and why the suite fails (empty = it does not). */
  readonly summary?: (checks: readonly Check[]) => {
    readonly lines: readonly string[];
    readonly failures: readonly string[];
  };
}

/** The cases of a suite of the reference data. */
export function casesOf(suite: string): Case[] {
  const text = readFileSync(shared("data", "conformance", `${suite}.jsonl`), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => parseExact(line) as Case);
}

/** Path of a data file that a case names. */
export function dataFile(name: unknown): string {
  return shared("data", text(name));
}

export function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`a text was expected, not ${JSON.stringify(value)}`);
  return value;
}

export function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError(`a list was expected, not ${JSON.stringify(value)}`);
  return value.map(text);
}
