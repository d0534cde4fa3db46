// SPDX-License-Identifier: Apache-2.0

/*
 * Many `startswith`, `endswith` and `contains` at once: one walk over a text tells which of them hold, however many there
 * are (Aho and Corasick's automaton, all transitions worked out). The start and the end of a text are symbols of their
 * own, so that patterns can ask for them.
 *
 *   table   a row a state: for each class of bytes, then START and END, the row where it leads; ~row where patterns end
 *           there; last the state's place in `outputs`
 */

/** A text to look for, and the bit to set where it is found. */
export interface TextPattern {
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly word: number;
  readonly mask: number;
}

/** Entries of a table at the most: 4 MiB. */
const TABLE_LIMIT = 1 << 20;
const BYTES = 256;

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  /** Bits by word of the patterns that end here, and, once linked, of those that end at a suffix. */
  readonly found: Map<number, number>;
  readonly index: number;
}

export class TextAutomaton {
  /** Patterns that found no room; they have to be tested one by one. */
  readonly left: readonly TextPattern[];
  private readonly classes = new Uint8Array(BYTES);
  private readonly table: Int32Array;
  /** Row behind the START symbol, ~row where patterns end there already. */
  private readonly start: number;
  private readonly end: number;
  private readonly last: number;
  /** From each state's place: the number of pairs, then (word, mask). */
  private readonly outputs: readonly number[];
  /** Where no pattern floats, what is between the start and the last bytes need not be looked at. */
  private readonly tail: number;

  /** `fold`: ignores the case of ASCII letters; the patterns are in lower case then. */
  constructor(patterns: readonly TextPattern[], fold = false) {
    let classes = 0;
    for (const { text } of patterns) {
      for (let i = 0; i < text.length; i++) {
        const byte = text.charCodeAt(i) & 0xff;
        if (this.classes[byte] === 0 && classes < BYTES - 1) this.classes[byte] = ++classes;
      }
    }
    if (fold) for (let c = 65; c <= 90; c++) this.classes[c] = this.classes[c + 32] as number;
    this.end = classes + 2;
    this.last = classes + 3;
    const width = classes + 4;
    const { nodes, left } = buildTrie(patterns, this.classes, classes + 1, Math.floor(TABLE_LIMIT / width));
    this.left = left;
    const outputs: number[] = [];
    this.table = link(nodes, width, outputs);
    this.outputs = outputs;
    this.start = this.table[classes + 1] as number;
    const floating = patterns.some(({ atStart, atEnd }) => !atStart && !atEnd);
    this.tail = floating ? Number.POSITIVE_INFINITY : Math.max(0, ...patterns.map(({ text }) => text.length));
  }

  /** Sets in `words` the bits of the patterns that `text` (a binary string) holds. */
  run(text: string, words: Int32Array): void {
    const { table, classes, tail } = this;
    const length = text.length;
    let row = this.start;
    if (row < 0) {
      row = ~row;
      this.add(row, words);
    }
    for (let i = 0; i < length; i++) {
      if (row === 0 && length - i > tail) i = length - tail;
      row = table[row + (classes[text.charCodeAt(i) & 0xff] as number)] as number;
      if (row < 0) {
        row = ~row;
        this.add(row, words);
      }
    }
    row = table[row + this.end] as number;
    if (row < 0) this.add(~row, words);
  }

  private add(row: number, words: Int32Array): void {
    const outputs = this.outputs;
    let at = this.table[row + this.last] as number;
    const end = at + 1 + 2 * (outputs[at++] as number);
    for (; at < end; at += 2) {
      const word = outputs[at] as number;
      words[word] = (words[word] as number) | (outputs[at + 1] as number);
    }
  }
}

function buildTrie(
  patterns: readonly TextPattern[],
  classes: Uint8Array,
  start: number,
  limit: number,
): { nodes: TrieNode[]; left: TextPattern[] } {
  const nodes: TrieNode[] = [];
  const make = (): TrieNode => {
    const node = { next: new Map<number, TrieNode>(), found: new Map<number, number>(), index: nodes.length };
    nodes.push(node);
    return node;
  };
  const root = make();
  const left: TextPattern[] = [];
  for (const pattern of patterns) {
    const { text, atStart, atEnd, word, mask } = pattern;
    if (nodes.length + text.length + 2 > limit) {
      left.push(pattern);
      continue;
    }
    let at = root;
    const step = (symbol: number): void => {
      let next = at.next.get(symbol);
      if (next === undefined) {
        next = make();
        at.next.set(symbol, next);
      }
      at = next;
    };
    if (atStart) step(start);
    for (let i = 0; i < text.length; i++) step(classes[text.charCodeAt(i) & 0xff] as number);
    if (atEnd) step(start + 1);
    at.found.set(word, (at.found.get(word) ?? 0) | mask);
  }
  return { nodes, left };
}

/** Works out all transitions, breadth first: a state's failure state is nearer to the root and done before it. */
function link(nodes: readonly TrieNode[], width: number, outputs: number[]): Int32Array {
  const table = new Int32Array(nodes.length * width);
  const failure = new Int32Array(nodes.length);
  const queue: TrieNode[] = [nodes[0] as TrieNode];
  const ends = (node: TrieNode): number => (node.found.size > 0 ? ~(node.index * width) : node.index * width);
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] as TrieNode;
    const row = node.index * width;
    const fallback = failure[node.index] as number;
    // What the failure state does is done here too, but for the symbols that lead deeper.
    if (head > 0) table.copyWithin(row, fallback * width, fallback * width + width - 1);
    for (const [symbol, next] of node.next) {
      const to = table[row + symbol] as number;
      failure[next.index] = head > 0 ? (to < 0 ? ~to : to) / width : 0;
      for (const [word, mask] of (nodes[failure[next.index] as number] as TrieNode).found) {
        next.found.set(word, (next.found.get(word) ?? 0) | mask);
      }
      table[row + symbol] = ends(next);
      queue.push(next);
    }
    table[row + width - 1] = outputs.length;
    outputs.push(node.found.size);
    for (const [word, mask] of node.found) outputs.push(word, mask);
  }
  return table;
}
