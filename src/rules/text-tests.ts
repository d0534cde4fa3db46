// SPDX-License-Identifier: Apache-2.0

import { TextAutomaton, type TextPattern } from "./automaton.js";
import { asciiLower, trimNuls } from "./operators.js";

/** Bit 31: the word has been computed. As an Int32 it is the sign, so computed words are never 0. */
export const COMPUTED = -0x80000000;
export const BITS_A_WORD = 31;

/** One test of a text, and what it comes down to where that is simple. */
export interface TextTest {
  readonly test: (text: string) => boolean;
  /** For comparisons of the whole text: the texts that are equal, and whether the test holds for those or for all others. */
  readonly exact: { readonly texts: readonly string[]; readonly negated: boolean } | null;
  /** For searches: it holds where one of these is found. */
  readonly search: readonly Search[] | null;
}

/** A text to look for; in lower case where the case of ASCII letters does not count. */
export interface Search {
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly fold: boolean;
}

/** Fewer searches than this are done one by one. */
const SEARCHES_FOR_AUTOMATON = 4;

interface SingleTest {
  readonly mask: number;
  readonly test: (text: string) => boolean;
}

interface FoldedPattern extends TextPattern {
  readonly fold: boolean;
}

/**
 * All tests of one field's texts: bit i % 31 of word i / 31 is test i's result. Comparisons of the whole text take one
 * look-up for all words, searches one walk over the text; what is left is run word by word, when the word is wanted.
 */
export class TextTests {
  readonly words: number;
  /** Bits that hold for texts which no comparison names. */
  private readonly otherwise: Int32Array;
  /** Bits to flip for a text that some comparison names: (word, mask) pairs. */
  private readonly exact = new Map<string, number[]>();
  private readonly automata: TextAutomaton[] = [];
  private patterns: readonly FoldedPattern[];
  private readonly singles: SingleTest[][];

  constructor(tests: readonly TextTest[]) {
    this.words = Math.ceil(tests.length / BITS_A_WORD);
    this.otherwise = new Int32Array(this.words);
    this.singles = Array.from({ length: this.words }, () => []);
    const patterns: FoldedPattern[] = [];
    const searches = tests.filter(({ search }) => search !== null).length;
    for (const [i, { test, exact, search }] of tests.entries()) {
      const word = Math.floor(i / BITS_A_WORD);
      const mask = 1 << (i % BITS_A_WORD);
      if (exact !== null) {
        this.addExact(word, mask, exact);
      } else if (search?.some(({ text, atStart, atEnd }) => text === "" && !(atStart && atEnd))) {
        // Found in every text.
        this.otherwise[word] = (this.otherwise[word] as number) | mask;
      } else if (search !== null && searches >= SEARCHES_FOR_AUTOMATON) {
        for (const pattern of search) patterns.push({ ...pattern, word, mask });
      } else {
        (this.singles[word] as SingleTest[]).push({ mask, test });
      }
    }
    this.patterns = patterns;
  }

  private addExact(word: number, mask: number, exact: NonNullable<TextTest["exact"]>): void {
    if (exact.negated) this.otherwise[word] = (this.otherwise[word] as number) | mask;
    for (const text of new Set(exact.texts)) {
      const flips = this.exact.get(text);
      if (flips === undefined) this.exact.set(text, [word, mask]);
      else flips.push(word, mask);
    }
  }

  /** The first step, for all words: whole-text comparisons and searches. */
  scan(text: string, words: Int32Array): void {
    words.set(this.otherwise);
    if (this.exact.size > 0) {
      const flips = this.exact.get(trimNuls(text));
      if (flips !== undefined) {
        for (let i = 0; i < flips.length; i += 2) {
          const word = flips[i] as number;
          words[word] = (words[word] as number) ^ (flips[i + 1] as number);
        }
      }
    }
    if (this.patterns.length > 0) this.build();
    const automata = this.automata;
    for (let i = 0; i < automata.length; i++) (automata[i] as TextAutomaton).run(text, words);
  }

  /** The second step: the tests of one word that were not part of the first. */
  rest(text: string, word: number): number {
    const singles = this.singles[word] as SingleTest[];
    let bits = 0;
    for (let i = 0; i < singles.length; i++) {
      const single = singles[i] as SingleTest;
      if (single.test(text)) bits |= single.mask;
    }
    return bits;
  }

  /** Makes the automata when the first text comes: many fields of many rules never have one. */
  private build(): void {
    for (const fold of [false, true]) {
      const patterns = this.patterns.filter((pattern) => pattern.fold === fold);
      if (patterns.length === 0) continue;
      const automaton = new TextAutomaton(patterns, fold);
      for (const pattern of automaton.left) {
        (this.singles[pattern.word] as SingleTest[]).push({ mask: pattern.mask, test: search(pattern, fold) });
      }
      this.automata.push(automaton);
    }
    this.patterns = [];
  }
}

/** One search as a test of its own. */
function search({ text: pattern, atStart, atEnd }: TextPattern, fold: boolean): (text: string) => boolean {
  const found = (text: string): boolean => {
    if (atStart && atEnd) return text === pattern;
    if (atStart) return text.startsWith(pattern);
    return atEnd ? text.endsWith(pattern) : text.includes(pattern);
  };
  return fold ? (text) => found(asciiLower(text)) : found;
}
