// SPDX-License-Identifier: Apache-2.0

/*
 * fnmatch(3) with no flags, in the C locale, on binary strings. "*" and "?" match every byte, "/" and leading dots too;
 * a backslash quotes, in brackets as well. Backtracking never goes further back than to the last star: what an earlier
 * star could take more of, the last one can take as well. So the steps are at most pattern length times text length,
 * and a step reads one bracket expression at the most.
 */

const STAR = 42;
const DASH = 45;
const DOT = 46;
const COLON = 58;
const EQUALS = 61;
const QUESTION = 63;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;

/** `[` without its `]` is an ordinary character. */
const LITERAL = -2;
const MISMATCH = -1;

function lower(c: number): number {
  return c >= 65 && c <= 90 ? c + 32 : c;
}

const CLASSES: ReadonlyMap<string, (c: number) => boolean> = new Map([
  ["alpha", (c: number) => lower(c) >= 97 && lower(c) <= 122],
  ["digit", (c: number) => c >= 48 && c <= 57],
  ["alnum", (c: number) => (lower(c) >= 97 && lower(c) <= 122) || (c >= 48 && c <= 57)],
  ["upper", (c: number) => c >= 65 && c <= 90],
  ["lower", (c: number) => c >= 97 && c <= 122],
  ["space", (c: number) => c === 32 || (c >= 9 && c <= 13)],
  ["blank", (c: number) => c === 32 || c === 9],
  [
    "punct",
    (c: number) => (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126),
  ],
  ["print", (c: number) => c >= 32 && c <= 126],
  ["graph", (c: number) => c >= 33 && c <= 126],
  ["cntrl", (c: number) => c < 32 || c === 127],
  ["xdigit", (c: number) => (c >= 48 && c <= 57) || (lower(c) >= 97 && lower(c) <= 102)],
]);

/** Where the class name that starts at `at` (behind "[:") ends: the index of its ":]"; -1 where it is no name. */
function classEnd(pattern: string, at: number): number {
  for (let i = at; i < pattern.length; i++) {
    const c = pattern.charCodeAt(i);
    if (c === COLON && pattern.charCodeAt(i + 1) === CLOSE) return i;
    // As in C libraries, "z" ends a name: no class has one.
    if (c < 97 || c >= 122) return -1;
  }
  return -1;
}

/** The byte that the collating symbol `[.x.]` stands for, its first dot at `at`; -1 where it is none of the C locale's. */
function symbolAt(pattern: string, at: number): number {
  return pattern.indexOf(".]", at + 1) === at + 2 ? pattern.charCodeAt(at + 1) : -1;
}

/** Behind the "]" that closes the bracket expression, from `at` within it; LITERAL where nothing closes it. */
function skipBracket(pattern: string, at: number): number {
  let p = at;
  while (p < pattern.length) {
    const c = pattern.charCodeAt(p++);
    if (c === CLOSE) return p;
    if (c === BACKSLASH) {
      if (p >= pattern.length) return MISMATCH;
      p++;
    } else if (c === OPEN) {
      const kind = pattern.charCodeAt(p);
      if (kind === COLON) {
        const end = classEnd(pattern, p + 1);
        if (end >= 0) p = end + 2;
      } else if (kind === EQUALS) {
        if (pattern.charCodeAt(p + 2) === EQUALS && pattern.charCodeAt(p + 3) === CLOSE) p += 4;
      } else if (kind === DOT) {
        const end = pattern.indexOf(".]", p + 1);
        if (end < 0) return MISMATCH;
        p = end + 2;
      }
    }
  }
  return LITERAL;
}

/**
 * Matches byte `raw` against the bracket expression whose inside starts at `at`.
 * @returns the index behind it, MISMATCH, or LITERAL where it is none.
 */
function matchBracket(pattern: string, at: number, raw: number, fold: boolean): number {
  const c = fold ? lower(raw) : raw;
  let p = at;
  const first = pattern.charCodeAt(p);
  const negated = first === 33 || first === 94;
  if (negated) p++;
  let matched = false;
  for (let start = true; ; start = false) {
    if (p >= pattern.length) return LITERAL;
    let from = pattern.charCodeAt(p++);
    if (from === CLOSE && !start) break;
    const kind = pattern.charCodeAt(p);
    let symbol = -1;
    if (from === BACKSLASH) {
      if (p >= pattern.length) return MISMATCH;
      from = pattern.charCodeAt(p++);
    } else if (from === OPEN && kind === COLON) {
      const end = classEnd(pattern, p + 1);
      if (end >= 0) {
        const test = CLASSES.get(pattern.slice(p + 1, end));
        if (test === undefined) return MISMATCH;
        p = end + 2;
        if (!test(raw)) continue;
        matched = true;
        break;
      }
    } else if (
      from === OPEN &&
      kind === EQUALS &&
      p + 1 < pattern.length &&
      pattern.charCodeAt(p + 2) === EQUALS &&
      pattern.charCodeAt(p + 3) === CLOSE
    ) {
      const same = pattern.charCodeAt(p + 1) === raw;
      p += 4;
      if (!same) continue;
      matched = true;
      break;
    } else if (from === OPEN && kind === DOT) {
      symbol = symbolAt(pattern, p);
      if (symbol < 0) return MISMATCH;
      from = symbol;
      p += 4;
    }
    if (fold && symbol < 0) from = lower(from);
    const next = pattern.charCodeAt(p + 1);
    const dash = pattern.charCodeAt(p) === DASH && p + 1 < pattern.length;
    if (dash && next !== CLOSE) {
      let to = next;
      p += 2;
      if (to === OPEN && pattern.charCodeAt(p) === DOT) {
        to = symbolAt(pattern, p);
        if (to < 0) return MISMATCH;
        p += 4;
      } else {
        if (to === BACKSLASH) {
          if (p >= pattern.length) return MISMATCH;
          to = pattern.charCodeAt(p++);
        }
        if (fold) to = lower(to);
      }
      if (from <= c && c <= to) {
        matched = true;
        break;
      }
    } else if (symbol >= 0 ? !dash && from === raw : from === c) {
      // C libraries compare a symbol as it is, and not at all before "-]".
      matched = true;
      break;
    } else if (pattern.charCodeAt(p) === DASH && p + 1 === pattern.length) {
      // A range without an end.
      return MISMATCH;
    }
  }
  if (!matched) return negated ? p : MISMATCH;
  const end = skipBracket(pattern, p);
  return negated && end >= 0 ? MISMATCH : end;
}

/** Whether the whole of `text` matches `pattern`; `fold` ignores the case of ASCII letters (FNM_CASEFOLD). */
export function fnmatch(pattern: string, text: string, fold: boolean): boolean {
  let p = 0;
  let t = 0;
  let starP = -1;
  let starT = 0;
  for (;;) {
    let ok = false;
    if (p === pattern.length) {
      if (t === text.length) return true;
    } else {
      let c = pattern.charCodeAt(p);
      if (c === STAR) {
        starP = ++p;
        starT = t;
        if (p === pattern.length) return true;
        continue;
      }
      if (t < text.length) {
        let next = p + 1;
        if (c === QUESTION) {
          ok = true;
        } else {
          const raw = text.charCodeAt(t);
          let inside: number = LITERAL;
          if (c === OPEN) inside = matchBracket(pattern, next, raw, fold);
          if (inside === LITERAL) {
            if (c === BACKSLASH) {
              // A pattern that ends in a lone backslash matches nothing from here on.
              c = next < pattern.length ? pattern.charCodeAt(next) : -1;
              next++;
            }
            ok = fold ? lower(c) === lower(raw) : c === raw;
          } else if (inside >= 0) {
            ok = true;
            next = inside;
          }
        }
        if (ok) {
          p = next;
          t++;
          continue;
        }
      }
    }
    if (starP < 0 || starT >= text.length) return false;
    p = starP;
    t = ++starT;
  }
}
