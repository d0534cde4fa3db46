// SPDX-License-Identifier: Apache-2.0

/*
 * The condition language read by hand, one function a construct, character by character: slow and obvious, to be compared
 * with the generated parser. Blanks, places and messages are Falco's.
 */

/** A tree without ranges, each node with the place where it begins, or why there is none. */
export type Reading = { readonly tree: unknown } | { readonly error: string; readonly index: number };

const TRANSFORMERS = ["tolower", "toupper", "b64", "basename", "len", "join", "concat", "getopt"];
const WORDS = "glob iglob contains icontains bcontains startswith bstartswith endswith regex".split(" ");
const ALL_OPERATORS = ["exists", "<=", "<", ">=", ">", "==", "=", "!=", ...WORDS, "intersects", "in", "pmatch"];

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(", ");
}

const VALID = quoted(["val", ...TRANSFORMERS]);

class Wrong extends Error {
  constructor(
    message: string,
    readonly index: number,
  ) {
    super(message);
  }
}

/** Reads a condition, a binary string. */
export function readByHand(text: string): Reading {
  try {
    if (text === "") throw new Wrong("filter input string is empty", 0);
    return { tree: new Hand(text).whole() };
  } catch (error) {
    if (error instanceof Wrong) return { error: error.message, index: error.index };
    throw error;
  }
}

class Hand {
  private at = 0;
  private last = "";

  constructor(private readonly text: string) {}

  whole(): unknown {
    const tree = this.or();
    if (this.at < this.text.length) throw this.wrong(`unexpected token after '${this.last}', expecting 'or', 'and'`);
    return tree;
  }

  private wrong(message: string): Wrong {
    return new Wrong(message, this.at);
  }

  private blanks(): boolean {
    const from = this.at;
    while (" \t\b\r\n".includes(this.text.charAt(this.at)) && this.at < this.text.length) this.at++;
    return this.at > from;
  }

  private take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    this.last = word;
    return true;
  }

  private match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return false;
    this.at += found.length;
    this.last = found;
    return true;
  }

  private or(): unknown {
    return this.joined("or", () => this.and());
  }

  private and(): unknown {
    return this.joined("and", () => this.not());
  }

  private joined(word: "and" | "or", one: () => unknown): unknown {
    const at = this.at;
    this.blanks();
    const terms = [one()];
    this.blanks();
    while (this.take(word)) {
      if (this.blanks()) terms.push(one());
      else if (this.take("(")) terms.push(this.closing());
      else throw this.wrong(`expected blank or '(' after '${word}'`);
      this.blanks();
    }
    return terms.length === 1 ? terms[0] : { [word]: terms, at };
  }

  private closing(): unknown {
    const tree = this.or();
    this.blanks();
    if (!this.take(")")) throw this.wrong("expected a ')' token");
    return tree;
  }

  private not(): unknown {
    const at = this.at;
    let negated = false;
    this.blanks();
    while (this.match(/not[ \t\b\r\n]+/y)) negated = !negated;
    let tree: unknown;
    if (this.take("not(")) {
      negated = !negated;
      tree = this.closing();
    } else tree = this.check();
    return negated ? { not: tree, at } : tree;
  }

  private check(): unknown {
    const at = this.at;
    if (this.take("(")) return this.closing();
    const left = this.operand();
    if (left !== null) return this.comparison(left, at);
    if (this.match(/[a-zA-Z]+[a-zA-Z0-9_]*/y)) return { name: this.last, at };
    throw this.wrong("expected a '(' token, a field check, or an identifier");
  }

  /** A field or a transformer; null where there is none. */
  private operand(at = this.at): unknown {
    if (this.match(/[a-zA-Z]+[a-zA-Z0-9_]*(?:\.[a-zA-Z]+[a-zA-Z0-9_]*)+/y)) return this.field(at);
    return this.transformer(at);
  }

  private field(at: number): unknown {
    const field = this.last;
    return { field, arg: this.bracket(), at };
  }

  /** What stands in brackets right behind; null where none do. */
  private bracket(): string | null {
    if (!this.take("[")) return null;
    const arg = this.quote() ?? (this.match(/[^[\]"' \t\n\r\v\f]+/y) ? this.last : null);
    if (arg === null) throw this.wrong("expected a valid field argument: a quoted string or a bare string");
    if (!this.take("]")) throw this.wrong("expected a ']' token");
    return arg;
  }

  private transformer(at: number): unknown {
    const name = TRANSFORMERS.find((one) => this.take(`${one}(`));
    if (name === undefined) return null;
    const args: unknown[] = [];
    this.blanks();
    do {
      args.push(this.argument());
      this.blanks();
    } while (this.take(","));
    if (!this.take(")")) throw this.wrong("expected a ')' token closing the transformer");
    return { transformer: name, args, arg: this.bracket(), at };
  }

  private argument(): unknown {
    const at = this.at;
    this.blanks();
    if (this.number()) return { value: this.last, at };
    const text = this.quote();
    if (text !== null) return { value: text, at };
    if (this.take("(")) return { tuple: this.tuple(at), at };
    const operand = this.operand(at);
    if (operand !== null) return operand;
    const wanted = "field, transformer, quoted string, number, or transformer list";
    throw this.wrong(`expected field transformer argument: ${wanted}`);
  }

  private tuple(at: number): unknown[] {
    const items: unknown[] = [];
    this.blanks();
    if (this.take(")")) return items;
    do {
      this.blanks();
      items.push(this.item(at));
      this.blanks();
    } while (this.take(","));
    if (!this.take(")")) throw this.wrong("expected a ')' token closing the transformer");
    return items;
  }

  private item(at: number): unknown {
    const operand = this.operand(at);
    if (operand !== null) return operand;
    const text = this.quote();
    if (text !== null) return { value: text, at };
    if (this.number()) return { value: this.last, at };
    throw this.wrong("expected transformer list argument: field, transformer, quoted string, or number");
  }

  private comparison(left: unknown, at: number): unknown {
    this.blanks();
    if (this.take("exists")) return { operator: "exists", left, at };
    const number = ["<=", "<", ">=", ">"].find((one) => this.take(one));
    if (number !== undefined) return { operator: number, left, right: this.numeric(), at };
    const equal = ["==", "=", "!="].find((one) => this.take(one));
    if (equal !== undefined) return { ...this.textual(equal), left, at };
    for (const word of WORDS) {
      const from = this.at;
      if (!this.take(word)) continue;
      if (" \t\b\r\n".includes(this.text.charAt(this.at)) && this.at < this.text.length)
        return { ...this.textual(word), left, at };
      this.at = from;
    }
    const list = ["intersects", "in", "pmatch"].find((one) => this.take(one));
    if (list !== undefined) return { operator: list, left, right: this.listed(), at };
    throw this.wrong(`expected a valid check operator: one of ${quoted(ALL_OPERATORS)}`);
  }

  private numeric(): unknown {
    this.blanks();
    const at = this.at;
    const right = this.right(at);
    if (right !== null) return right;
    if (this.number()) return { value: this.last, at };
    throw this.wrong(`expected a number value or a field with a valid transformer: ${VALID}`);
  }

  /** The operator with its modifier, and what is compared with. */
  private textual(operator: string): { operator: string; right: unknown } {
    const separated = this.blanks();
    const at = this.at;
    if (separated && this.match(/(?:oneof|anyof|allof)(?=[ \t\b\r\n])/y)) {
      const modifier = this.last;
      this.blanks();
      const from = this.at;
      if (this.take("(")) return { operator: `${operator} ${modifier}`, right: this.list(from) };
      if (this.match(/(?!(?:and|or)(?![a-zA-Z0-9_]))[a-zA-Z]+[a-zA-Z0-9_]*/y)) {
        return { operator: `${operator} ${modifier}`, right: { name: this.last, at: from } };
      }
      this.at = at;
    }
    const right = this.right(at);
    if (right !== null) return { operator, right };
    const text = this.value();
    if (text !== null) return { operator, right: { value: text, at } };
    throw this.wrong(`expected a string value or a field with a valid transformer: ${VALID}`);
  }

  private listed(): unknown {
    this.blanks();
    const at = this.at;
    if (this.take("(")) return this.list(at);
    const right = this.right(at);
    if (right !== null) return right;
    if (this.match(/[a-zA-Z]+[a-zA-Z0-9_]*/y)) return { name: this.last, at };
    throw this.wrong(`expected a list, an identifier, or a field with a valid transformer: ${VALID}`);
  }

  private list(at: number): unknown {
    const values: string[] = [];
    this.blanks();
    const first = this.value();
    if (first !== null) {
      values.push(first);
      this.blanks();
      while (this.take(",")) {
        this.blanks();
        const next = this.value();
        if (next === null) throw this.wrong("expected a string value");
        values.push(next);
        this.blanks();
      }
    }
    if (!this.take(")")) throw this.wrong("expected a ')' token");
    return { list: values, at };
  }

  private right(at: number): unknown {
    if (!this.take("val(")) return this.transformer(at);
    this.blanks();
    const from = this.at;
    if (!this.match(/[a-zA-Z]+[a-zA-Z0-9_]*(?:\.[a-zA-Z]+[a-zA-Z0-9_]*)+/y)) {
      throw this.wrong("expected a field within 'val' transformer");
    }
    const field = this.field(from);
    this.blanks();
    if (!this.take(")")) throw this.wrong("expected a ')' token closing the transformer");
    return { transformer: "val", args: [field], arg: null, at };
  }

  private number(): boolean {
    return this.match(/0[xX][0-9a-fA-F]+/y) || this.match(/[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y);
  }

  /** A quoted or a bare text; null where there is neither. */
  private value(): string | null {
    return this.quote() ?? (this.match(/[^()"' \t\n\r\v\f=,]+/y) ? this.last : null);
  }

  /** It ends at the first quote that has no backslash before it. What is wrong in it is told behind it. */
  private quote(): string | null {
    const delimiter = this.text.charAt(this.at);
    if (delimiter !== '"' && delimiter !== "'") return null;
    let end = this.at + 1;
    while (end < this.text.length && (this.text.charAt(end) !== delimiter || this.text.charAt(end - 1) === "\\")) end++;
    if (end === this.text.length) return null;
    const body = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    this.last = this.unescaped(body, delimiter);
    return this.last;
  }

  private unescaped(body: string, delimiter: string): string {
    let out = "";
    for (let i = 0; i < body.length; i++) {
      const c = body.charAt(i);
      if (c !== "\\") {
        out += c;
        continue;
      }
      const letter = body.charAt(++i);
      const plain = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", "\\": "\\", " ": "\\", "/": "/" }[letter];
      if (plain !== undefined) out += plain;
      else if (letter === delimiter) out += letter;
      else if (letter === "x" && /^[0-9a-fA-F]{2}/.test(body.slice(i + 1))) {
        out += String.fromCharCode(Number.parseInt(body.slice(i + 1, i + 3), 16));
        i += 2;
      } else if (letter === "x") throw this.wrong("invalid \\x escape: two hex digits expected");
      else if (letter === '"' || letter === "'") {
        throw this.wrong(`invalid \\${letter} escape in ${delimiter}-quoted string`);
      } else throw this.wrong(`unsupported string escape sequence: \\${letter}`);
    }
    return out;
  }
}
