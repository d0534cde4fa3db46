// SPDX-License-Identifier: Apache-2.0

import { RE2JS } from "re2js";

/*
 * Regular expressions of conditions: RE2's POSIX syntax, matched against the whole value in linear time. The engine
 * underneath reads Perl syntax, so a pattern is first read here: what POSIX does not have is rejected, and what it reads
 * differently is rewritten:
 *
 *   a*?  a**   a repetition of a repetition   ->  (?:a*)?  (?:a*)*
 *   ^ $        at each line                   ->  (?m)
 *
 * Values are made valid UTF-8 first; each bad byte becomes U+FFFD.
 */

/** Raised for a pattern that is not valid; the message says what is wrong, in RE2's words. */
export class RegexError extends Error {
  override readonly name = "RegexError";
}

/** Replaces bad bytes; decodes a binary string. */
export function decodeUtf8(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, "latin1").toString("utf8");
}

const REPEAT = /\{[0-9]+(?:,[0-9]*)?\}/y;
const ESCAPE = /\\(?:[1-7][0-7]{1,2}|0[0-7]{0,2}|x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]+\}|[aftnrv]|[^0-9A-Za-z\x80-\uffff])/y;

function stickyMatch(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function escapeAt(text: string, at: number): string {
  const sequence = stickyMatch(ESCAPE, text, at);
  if (sequence !== null) return sequence;
  if (at + 1 === text.length) throw new RegexError("trailing \\");
  throw new RegexError(`invalid escape sequence: ${text.slice(at, at + 2)}`);
}

/** Index behind the class that starts at `at`. */
function classAt(text: string, at: number): number {
  let i = at + 1;
  if (text[i] === "^") i++;
  for (let first = true; text[i] !== "]" || first; first = false) {
    if (i >= text.length) throw new RegexError(`missing ]: ${text.slice(at)}`);
    if (text.startsWith("[:", i)) {
      const end = text.indexOf(":]", i + 2);
      if (end >= 0) {
        i = end + 2;
        continue;
      }
    }
    if (text[i] === "-" && !first && text[i + 1] !== "]") {
      throw new RegexError(`invalid character class range: ${text.slice(i, i + 2)}`);
    }
    i += text[i] === "\\" ? escapeAt(text, i).length : 1;
    if (text[i] === "-" && text[i + 1] !== "]" && i + 1 < text.length) {
      i++;
      i += text[i] === "\\" ? escapeAt(text, i).length : 1;
    }
  }
  return i + 1;
}

/** Rewrites a pattern of the POSIX syntax to the engine's. Throws a RegexError. */
function translate(text: string): string {
  const out: string[] = [];
  /** Where in `out` the last piece (what a repetition applies to) begins; -1 = there is none. */
  let piece = -1;
  let repeated = false;
  const open: number[] = [];
  for (let i = 0; i < text.length; ) {
    const c = text[i] as string;
    const repeat = c === "*" || c === "+" || c === "?" ? c : c === "{" ? stickyMatch(REPEAT, text, i) : null;
    if (repeat !== null) {
      if (piece < 0) throw new RegexError(`no argument for repetition operator: ${repeat}`);
      // a** is a*, however many there are.
      if (repeated && repeat.length === 1 && out[out.length - 1] === repeat) {
        i++;
        continue;
      }
      if (repeated) {
        out[piece] = `(?:${out[piece]}`;
        out.push(")");
      }
      out.push(repeat);
      repeated = true;
      i += repeat.length;
      continue;
    }
    repeated = false;
    if (c === "(") {
      open.push(out.length);
      out.push("(");
      piece = -1;
      i++;
    } else if (c === ")") {
      const start = open.pop();
      if (start === undefined) throw new RegexError(`unexpected ): ${text}`);
      out.push(")");
      piece = start;
      i++;
    } else if (c === "|") {
      out.push("|");
      piece = -1;
      i++;
    } else {
      let end = i + 1;
      if (c === "\\") end = i + escapeAt(text, i).length;
      else if (c === "[") end = classAt(text, i);
      else if ((text.codePointAt(i) as number) > 0xffff) end = i + 2;
      piece = out.length;
      out.push(text.slice(i, end));
      i = end;
    }
  }
  if (open.length > 0) throw new RegexError(`missing ): ${text}`);
  return `(?m)${out.join("")}`;
}

/**
 * Compiles a pattern (a binary string) to a test of the whole value (a binary string). Throws a RegexError where the
 * pattern is bad.
 */
export function compileRegex(pattern: string): (text: string) => boolean {
  const decoded = decodeUtf8(pattern);
  if (decoded.includes("\ufffd")) throw new RegexError("invalid UTF-8");
  const translated = translate(decoded);
  let engine: RE2JS;
  try {
    engine = RE2JS.compile(translated, RE2JS.LONGEST_MATCH);
  } catch (error) {
    throw new RegexError(error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error));
  }
  return (text) => engine.testExact(decodeUtf8(text));
}
