// SPDX-License-Identifier: Apache-2.0

/** Numbers from a seed, always the same ones: xorshift32. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2654435761 + 1) >>> 0 || 1;
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state % limit;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

/** Pieces of YAML, of items and of conditions, with what is odd about each of them. */
const PIECES = [
  ..."\n \t - : , [ ] { } & * ! | > ' \" % @ ` # \\ --- ... &a *a <<: !!binary ? ( ) = \0 \u0085 \ufeff é 𝄞".split(" "),
  ..."rule: list: macro: items: condition: output: desc: priority: exceptions: fields: comps: values: name:".split(" "),
  ..."override: append replace append:true enabled: false tags: source: required_engine_version: 0.99.0".split(" "),
  ..."and or not exists in intersects pmatch contains icontains glob iglob regex startswith bcontains".split(" "),
  ..."oneof anyof allof val( tolower( len( join( getopt( b64( evt.type proc.name fd.sip fd.net evt.arg[".split(" "),
  ..."open 1.2.3.4/33 ::1 -1 99999999999999999999 0x %proc.name %toupper( %12 *% \\x0 \\xff [[:alpha:]] (a*)*".split(
    " ",
  ),
  "\n- rule: r\n  condition: evt.type = open\n  desc: d\n  output: o\n  priority: INFO\n",
  "\n- macro: m\n  condition: m\n",
  "\n- list: l\n  items: [l, m, 'a b', \"x'\"]\n",
  "\n  exceptions:\n    - {name: e, fields: [proc.name, fd.name], comps: [in, =], values: [[[a, b], c]]}\n",
];

/** A text with some of it cut, doubled, moved, replaced or overwritten. */
export function mutated(text: string, other: string, random: Random): string {
  let out = text;
  for (let left = 1 + random.below(8); left > 0; left--) {
    const at = random.below(out.length + 1);
    const length = random.below(random.pick([2, 10, 100, 1000]));
    const before = out.slice(0, at);
    const after = out.slice(at);
    switch (random.below(8)) {
      case 0:
        out = before + after.slice(length);
        break;
      case 1:
        out = before + after.slice(0, length) + after;
        break;
      case 2:
      case 3:
        out = before + random.pick(PIECES) + after;
        break;
      case 4:
        out = before + random.pick(PIECES) + after.slice(length);
        break;
      case 5: {
        const from = random.below(other.length + 1);
        out = before + other.slice(from, from + length) + after;
        break;
      }
      case 6:
        out = before + String.fromCharCode(random.below(random.pick([128, 0x3000]))) + after.slice(1);
        break;
      default:
        out = before + random.pick(PIECES).repeat(1 + random.below(random.pick([5, 50, 2000]))) + after;
    }
  }
  return out;
}

const FIELDS =
  "evt.type proc.name proc.pid fd.sip fd.net fd.sport evt.is_open_read fd.name proc.aname[2] evt.buffer x.y".split(" ");
const OPERATORS =
  "= == != < <= > >= in intersects pmatch contains icontains bcontains startswith endswith glob iglob regex exists".split(
    " ",
  );
const VALUES =
  'open a 5 -1 true 127.0.0.1 10.0.0.0/8 ::1 *x* [a-c]+ \'a b\' "\\"" m l (a,b) () (l) val(proc.pname) tolower(fd.name)'.split(
    " ",
  );

/** A condition, mostly well-formed. */
export function anyCondition(random: Random, depth = 0): string {
  const inner = (): string => anyCondition(random, depth + 1);
  switch (depth > 6 ? 0 : random.below(8)) {
    case 1:
      return `(${inner()})`;
    case 2:
      return `not ${inner()}`;
    case 3:
      return `${inner()} and ${inner()}`;
    case 4:
      return `${inner()} or ${inner()}`;
    case 5:
      return random.pick(["m", "n", "l", "undefined", "and", ""]);
    case 6: {
      const call = random.pick(["tolower", "len", "b64", "basename", "val"]);
      return `${call}(${random.pick(FIELDS)}) ${random.pick(OPERATORS)} ${random.pick(VALUES)}`;
    }
    case 7: {
      const modifier = random.pick(["anyof", "oneof", "allof"]);
      return `${random.pick(FIELDS)} ${random.pick(OPERATORS)} ${modifier} (${random.pick(VALUES)}, a)`;
    }
    default:
      return `${random.pick(FIELDS)} ${random.pick(OPERATORS)} ${random.pick(VALUES)}`;
  }
}

/** A rules file around a condition. */
export function fileAround(condition: string): string {
  return [
    "- {list: l, items: [a, b, 'c d']}",
    "- {macro: m, condition: evt.type = open}",
    `- {macro: n, condition: ${JSON.stringify(`m or ${condition}`)}}`,
    `- {rule: r, desc: d, output: o, priority: INFO, condition: ${JSON.stringify(condition)}}`,
    "- {rule: s, desc: d, output: o, priority: INFO, condition: evt.type = openat and n}",
  ].join("\n");
}
