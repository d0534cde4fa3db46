// SPDX-License-Identifier: Apache-2.0

import { isMap, isScalar, isSeq, Scalar } from "yaml";

/*
 * Lists of very many plain words, one a line behind a dash or between commas. The YAML parser makes some kilobyte of each
 * word, so the words between the first and the last one are blanked before it sees the text, and put back behind it. Blanks
 * keep every offset. What looks like such a list may be something else, the text of a condition for one; so the text is
 * parsed as it stands, unless the first and the last word turn out to be neighbours in a sequence.
 */

/** Words that are blanked: those of `content` from `start` to `end`, each matched by the form. */
export interface Run {
  readonly start: number;
  readonly end: number;
  /** Where the words before and behind begin. */
  readonly before: number;
  readonly behind: number;
  readonly form: Form;
}

/** How a word is found in a run; its own place is that of group 1. */
type Form = "line" | "comma";

/** Deeper nesting is no rule. */
const MAX_DEPTH = 64;
/** Shorter texts and shorter lists are left as they are. */
const MIN_TEXT = 64 * 1024;
const MIN_WORDS = 1000;

const WORD = "[A-Za-z0-9_/.][A-Za-z0-9_/.+@~-]*";
const LINE = new RegExp(`( *)- (${WORD})[ \\t]*\\r?\\n`, "y");
const COMMA = new RegExp(`[ \\t\\r\\n]*(${WORD})[ \\t\\r\\n]*,`, "y");
const NULL = /^(?:null|Null|NULL)$/;

/** A text with the insides of its long lists blanked. */
export interface Shortened {
  readonly text: string;
  readonly runs: readonly Run[];
}

export function shorten(content: string): Shortened {
  if (content.length < MIN_TEXT) return { text: content, runs: [] };
  const runs = [...lineRuns(content), ...commaRuns(content)].sort((a, b) => a.start - b.start);
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end, form } of runs) {
    pieces.push(
      content.slice(at, start),
      form === "line" ? `${" ".repeat(end - start - 1)}\n` : " ".repeat(end - start),
    );
    at = end;
  }
  pieces.push(content.slice(at));
  return { text: pieces.join(""), runs };
}

function* lineRuns(content: string): Generator<Run> {
  let at = 0;
  while (at >= 0 && at < content.length) {
    let count = 0;
    let indent = "";
    let before = 0;
    let start = 0;
    let last = 0;
    let behind = 0;
    let next = at;
    for (;;) {
      LINE.lastIndex = next;
      const match = LINE.exec(content);
      if (match === null || (count > 0 && match[1] !== indent) || NULL.test(match[2] ?? "")) break;
      indent = match[1] ?? "";
      last = next;
      behind = next + indent.length + 2;
      next = LINE.lastIndex;
      if (count === 0) {
        before = behind;
        start = next;
      }
      count++;
    }
    if (count >= MIN_WORDS) yield { start, end: last, before, behind, form: "line" };
    at = count > 0 ? next : content.indexOf("\n", at) + 1 || -1;
  }
}

function* commaRuns(content: string): Generator<Run> {
  for (let at = content.indexOf("["); at >= 0; at = content.indexOf("[", at)) {
    at++;
    let count = 0;
    let before = 0;
    let start = 0;
    let end = 0;
    let behind = 0;
    for (;;) {
      COMMA.lastIndex = at;
      const match = COMMA.exec(content);
      const word = match?.[1] ?? "";
      if (match === null || NULL.test(word)) break;
      behind = content.indexOf(word, at);
      end = at;
      at = COMMA.lastIndex;
      if (count === 0) {
        before = behind;
        start = at;
      }
      count++;
    }
    if (count >= MIN_WORDS) yield { start, end, before, behind, form: "comma" };
  }
}

/** A word of a run, as a scalar that knows little more than its text and its place. */
class Word {
  constructor(
    readonly value: string,
    private readonly offset: number,
  ) {}

  get range(): [number, number, number] {
    const end = this.offset + this.value.length;
    return [this.offset, end, end];
  }
}

// What a plain scalar has besides is the same for all words.
const PLAIN = new Scalar("");
PLAIN.type = Scalar.PLAIN;
Object.setPrototypeOf(Word.prototype, PLAIN);

/** Puts the words of the runs back into the sequences of `roots`. @returns whether all of them belong into one */
export function putBack(content: string, runs: readonly Run[], roots: readonly unknown[]): boolean {
  const left = new Map(runs.map((run) => [run.before, run]));
  for (const root of roots) visit(root, content, left, 0);
  return left.size === 0;
}

function visit(node: unknown, content: string, left: Map<number, Run>, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      visit(key, content, left, depth + 1);
      visit(value, content, left, depth + 1);
    }
  } else if (isSeq(node)) {
    let items: unknown[] = [];
    for (const [i, item] of node.items.entries()) {
      visit(item, content, left, depth + 1);
      items.push(item);
      const run = left.get(placeOf(item));
      if (run === undefined || placeOf(node.items[i + 1]) !== run.behind) continue;
      items = items.concat(wordsOf(content, run));
      left.delete(run.before);
    }
    node.items = items;
  }
}

function placeOf(node: unknown): number {
  return isScalar(node) && node.type === Scalar.PLAIN && node.anchor === undefined ? (node.range?.[0] ?? -1) : -1;
}

function wordsOf(content: string, { start, end, form }: Run): Word[] {
  const words: Word[] = [];
  const pattern = form === "line" ? LINE : COMMA;
  for (let at = start; at < end; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(content);
    if (match === null) throw new Error("a word of a list is gone");
    const word = (form === "line" ? match[2] : match[1]) ?? "";
    words.push(new Word(word, content.indexOf(word, at)));
  }
  return words;
}
