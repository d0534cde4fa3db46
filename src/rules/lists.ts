// SPDX-License-Identifier: Apache-2.0

import type { ConstantNode } from "./ast.js";
import type { ListEntry } from "./collector.js";
import { attempt, type Report } from "./diagnostic.js";
import { unquote } from "./quote.js";
import type { FilePlace, SourceFile } from "./source-file.js";
import { type Text, toBinary } from "./text.js";

/*
 * A list's name is replaced by its items in the text of a condition, before parsing, wherever it stands between blanks,
 * parentheses, commas and equals signs. Long lists used many times would make long texts, so a list is first replaced by a
 * mark, which reads as one bare word, and the parsed mark by the items' nodes. Where that is not the same (a mark outside
 * of a list of constants), the condition is expanded as text after all.
 */

const WORDS = /[^ \t\r\n(),=]+/g;
const BOUNDARY = /[ \t\r\n(),=]/;
const BARE = /^[^()"'=, \t\n\r\v\f]+$/;
const QUOTED = /^(?:"(?:[^"\\]|\\+[^\\])*"|'(?:[^'\\]|\\+[^\\])*')$/;
const MARK = "\u0001";
const MAX_NESTING = 200;

/** A list with all lists in it expanded. */
export interface ResolvedList {
  readonly name: string;
  /** As they go into a condition, binary strings. */
  readonly items: readonly string[];
  /** The items as nodes; null where one of them is more or less than one constant. Their ranges are empty. */
  readonly nodes: readonly ConstantNode[] | null;
  /** Whether it, and all lists in it, could be read. */
  readonly sound: boolean;
}

interface Segment {
  /** Offset in the expanded text, and in the text it was made from. */
  readonly at: number;
  readonly from: number;
  /** Whether the characters that follow are those of the original text. */
  readonly verbatim: boolean;
}

/** A condition's text with lists expanded, which knows where each piece came from. */
export class Expanded {
  constructor(
    readonly value: string,
    readonly text: Text,
    private readonly segments: readonly Segment[],
    /** The list behind each mark, by its number; empty when expanded as text. */
    readonly marks: readonly ResolvedList[],
    /** Whether all lists that it names could be read. */
    readonly sound: boolean,
  ) {}

  place(index: number): FilePlace {
    return this.text.place(this.origin(index));
  }

  file(index: number): SourceFile {
    return this.text.file(this.origin(index));
  }

  private origin(index: number): number {
    let found: Segment = { at: 0, from: 0, verbatim: true };
    for (const segment of this.segments) if (segment.at <= index) found = segment;
    return found.verbatim ? found.from + index - found.at : found.from;
  }
}

/** The number of the mark that a constant is; -1 = none. */
export function markOf(text: string): number {
  return text.startsWith(MARK) ? Number(text.slice(1)) : -1;
}

export function hasMark(text: string): boolean {
  return text.includes(MARK);
}

/** All lists, resolved. */
export class Lists {
  private readonly byName = new Map<string, ListEntry>();
  private readonly resolved = new Map<string, ResolvedList>();
  private readonly used = new Set<string>();
  /** Names that are more than one word. */
  private readonly oddNames: string[] = [];

  constructor(entries: Iterable<ListEntry>, fail: Report) {
    for (const entry of entries) {
      const name = toBinary(entry.name);
      this.byName.set(name, entry);
      if (BOUNDARY.test(name)) this.oddNames.push(name);
    }
    for (const name of this.byName.keys()) {
      const broken: ResolvedList = { name, items: [], nodes: [], sound: false };
      const list = attempt(fail, () => this.resolve(name, []), broken);
      if (list === broken) this.resolved.set(name, broken);
    }
  }

  /** The lists that no condition and no other list has named so far. */
  unused(): ListEntry[] {
    return [...this.byName].filter(([name]) => !this.used.has(name)).map(([, entry]) => entry);
  }

  get names(): Iterable<string> {
    return this.byName.keys();
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** The items of a list that exists, with all lists in it expanded. */
  itemsOf(name: string): readonly string[] {
    return this.resolve(name, []).items;
  }

  private resolve(name: string, path: readonly string[]): ResolvedList {
    const known = this.resolved.get(name);
    if (known !== undefined) return known;
    const entry = this.byName.get(name) as ListEntry;
    if (path.includes(name) || path.length > MAX_NESTING) {
      throw entry.context.error("LOAD_ERR_VALIDATE", `reference loop in list '${entry.name}'`);
    }
    const items: string[] = [];
    let sound = !entry.unread;
    for (const { text } of entry.items) {
      const item = toBinary(text);
      // An item with the list's own name is just that text.
      if (item !== name && this.byName.has(item)) {
        this.used.add(item);
        const inner = this.resolve(item, [...path, name]);
        for (const one of inner.items) items.push(one);
        sound &&= inner.sound;
      } else items.push(item.includes(" ") && !/^["']/.test(item) ? `"${item}"` : item);
    }
    const list = { name, items, nodes: nodesOf(items), sound };
    this.resolved.set(name, list);
    return list;
  }

  /** Where names of lists stand in a text, in order. */
  private references(value: string): { readonly name: string; readonly from: number }[] {
    const found: { name: string; from: number }[] = [];
    for (const match of value.matchAll(WORDS)) {
      if (this.byName.has(match[0])) found.push({ name: match[0], from: match.index });
    }
    for (const name of this.oddNames) {
      const isEdge = (at: number): boolean => at < 0 || at >= value.length || BOUNDARY.test(value.charAt(at));
      for (let from = value.indexOf(name); from >= 0; from = value.indexOf(name, from + 1)) {
        if (isEdge(from - 1) && isEdge(from + name.length)) found.push({ name, from });
      }
    }
    return this.oddNames.length === 0 ? found : found.sort((a, b) => a.from - b.from);
  }

  /** The text with the names of lists replaced: by marks, or by the items themselves. */
  expand(text: Text, marked: boolean): Expanded {
    const { value } = text;
    const segments: Segment[] = [{ at: 0, from: 0, verbatim: true }];
    const marks: ResolvedList[] = [];
    let out = "";
    let done = 0;
    let sound = true;
    for (const { name, from } of this.references(value)) {
      if (from < done) continue;
      this.used.add(name);
      const list = this.resolve(name, []);
      sound &&= list.sound;
      let end = from + name.length;
      out += value.slice(done, from);
      let inserted = "";
      if (marked) {
        if (list.nodes === null) return this.expand(text, false);
        inserted = `${MARK}${marks.length}`;
        marks.push(list);
      } else if (list.items.length > 0) inserted = list.items.join(", ");
      else {
        // One of the commas around an empty list goes with it.
        const before = /,[ \t\r\n]*$/.exec(out);
        const after = /^[ \t\r\n]*,/.exec(value.slice(end));
        if (before !== null) out = out.slice(0, before.index);
        else if (after !== null) end += after[0].length;
      }
      segments.push({ at: out.length, from, verbatim: false });
      out += inserted;
      segments.push({ at: out.length, from: end, verbatim: true });
      done = end;
    }
    return new Expanded(out + value.slice(done), text, segments, marks, sound);
  }
}

function nodesOf(items: readonly string[]): ConstantNode[] | null {
  const range = { start: -1, end: -1 };
  const nodes: ConstantNode[] = [];
  for (const item of items) {
    let text = item;
    if (QUOTED.test(item)) {
      try {
        text = unquote(item);
      } catch {
        return null;
      }
    } else if (!BARE.test(item) || hasMark(item)) return null;
    nodes.push({ kind: "constant", text, number: false, range });
  }
  return nodes;
}
