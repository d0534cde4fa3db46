// SPDX-License-Identifier: Apache-2.0

import type { ConstantNode, FieldNode, ListNode, TransformNode } from "./ast.js";
import { UnquoteError, unquote } from "./quote.js";
import * as expected from "./syntax-messages.js";

/*
 * Transformer expressions in outputs. They are those of conditions (grammar/Condition.g4, rule `transform`; a test keeps
 * the two equal), but outputs are read in every worker, which should not have to load a parser for them.
 */

const OPEN = /(tolower|toupper|b64|basename|len|join|concat|getopt)\(/y;
const FIELD = /[a-zA-Z]+[a-zA-Z0-9_]*(?:\.[a-zA-Z]+[a-zA-Z0-9_]*)+/y;
const QUOTED = /"(?:[^"\\]|\\+[^\\])*"|'(?:[^'\\]|\\+[^\\])*'/y;
const NUMBER = /0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y;
const BARE_ARGUMENT = /[^[\]"' \t\n\r\v\f]+/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: backspace is a blank
const BLANKS = /[ \t\x08\r\n]*/y;
const MAX_DEPTH = 100;

/** Why a text is no transformer expression; the index is in the text. */
export class TransformTextError extends Error {
  constructor(
    message: string,
    readonly index: number,
  ) {
    super(message);
  }
}

type Item = ConstantNode | FieldNode | TransformNode;

/** Whether a transformer expression starts at `at`. */
export function startsTransform(text: string, at: number): boolean {
  OPEN.lastIndex = at;
  return OPEN.test(text);
}

/**
 * Reads the transformer expression that starts at `at`; it ends at the node's range.
 * @throws TransformTextError
 */
export function readTransform(text: string, at: number): TransformNode {
  return new Reader(text, at).transform(0);
}

class Reader {
  constructor(
    private readonly text: string,
    private at: number,
  ) {}

  transform(depth: number): TransformNode {
    const start = this.at;
    const open = this.take(OPEN);
    if (open === null || depth > MAX_DEPTH) throw this.fail(expected.ARGUMENT);
    const args: (Item | ListNode)[] = [];
    do args.push(this.argument(depth + 1));
    while (this.skip(","));
    if (!this.skip(")")) throw this.fail(expected.CLOSE_TRANSFORM);
    const arg = this.text[this.at] === "[" ? this.bracket() : null;
    return { kind: "transform", name: open.slice(0, -1), args, arg, range: { start, end: this.at } };
  }

  private argument(depth: number): Item | ListNode {
    this.take(BLANKS);
    const start = this.at;
    if (!this.skip("(")) {
      const item = this.item(depth);
      if (item === null) throw this.fail(expected.ARGUMENT);
      return item;
    }
    const items: Item[] = [];
    this.take(BLANKS);
    if (!this.skip(")")) {
      do {
        this.take(BLANKS);
        const item = this.item(depth);
        if (item === null) throw this.fail(expected.TUPLE_ITEM);
        items.push(item);
      } while (this.skip(","));
      if (!this.skip(")")) throw this.fail(expected.CLOSE_TRANSFORM);
    }
    return { kind: "list", items, range: { start, end: this.at } };
  }

  private item(depth: number): Item | null {
    const start = this.at;
    if (startsTransform(this.text, start)) return this.transform(depth);
    const field = this.take(FIELD);
    if (field !== null) {
      const arg = this.text[this.at] === "[" ? this.bracket() : null;
      return { kind: "field", name: field, arg, range: { start, end: this.at } };
    }
    const quoted = this.take(QUOTED);
    const text = quoted === null ? this.take(NUMBER) : this.unquoted(quoted, start);
    if (text === null) return null;
    return { kind: "constant", text, number: quoted === null, range: { start, end: this.at } };
  }

  private bracket(): string {
    this.at++;
    const start = this.at;
    const quoted = this.take(QUOTED);
    const arg = quoted === null ? this.take(BARE_ARGUMENT) : this.unquoted(quoted, start);
    if (arg === null) throw this.fail(expected.FIELD_ARGUMENT);
    if (this.text[this.at] !== "]") throw this.fail(expected.BRACKET);
    this.at++;
    return arg;
  }

  private unquoted(quoted: string, start: number): string {
    try {
      return unquote(quoted);
    } catch (error) {
      if (error instanceof UnquoteError) throw new TransformTextError(error.message, start + error.index);
      throw error;
    }
  }

  /** What a sticky pattern finds here, and moves behind it. */
  private take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  /** Moves over blanks and a character, if it comes next. */
  private skip(c: string): boolean {
    this.take(BLANKS);
    if (this.text[this.at] !== c) return false;
    this.at++;
    return true;
  }

  private fail(message: string): TransformTextError {
    return new TransformTextError(message, this.at);
  }
}
