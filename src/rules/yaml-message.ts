// SPDX-License-Identifier: Apache-2.0

import type { YAMLParseError } from "yaml";

import type { SourceFile } from "./source-file.js";

/** What is wrong with a text that is not YAML, and where. */
export interface YamlMistake {
  readonly message: string;
  readonly offset: number;
  /** The sentence of the parser at hand, where the message is another one's. */
  readonly hint: string | null;
}

/**
 * Sentences of yaml-cpp, which people search for, by those of the parser at hand. Where a mapping stands in a line that has
 * one already, yaml-cpp points at the second colon.
 */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^Nested mappings are not allowed/, "illegal map value"],
  [/^All mapping items must start at the same column/, "end of map not found"],
  [
    /^(?:All sequence items must start at the same column|Sequence item without - indicator)/,
    "end of sequence not found",
  ],
  [/^Missing closing ["']quote/, "illegal EOF in scalar"],
];

/** A mistake of YAML in Falco's words where it has some for it. */
export function yamlMistake(error: YAMLParseError, file: SourceFile): YamlMistake {
  const [start] = error.pos;
  const sentence = SENTENCES.find(([pattern]) => pattern.test(error.message))?.[1];
  if (sentence === undefined) return { message: error.message, offset: start, hint: null };
  const rest = file.content.slice(start);
  const offset = start + Math.max(rest.search(sentence === "illegal map value" ? /:(?:\s|$)/ : /\S/), 0);
  const { line, column } = file.place(offset);
  return { message: `yaml-cpp: error at line ${line}, column ${column}: ${sentence}`, offset, hint: error.message };
}
