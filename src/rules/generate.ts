// SPDX-License-Identifier: Apache-2.0

import type { EventView } from "../fields/view.js";
import { type CodeNode, codeNode, codeSize, Emitter } from "./emit.js";
import type { TypePlan } from "./plan.js";
import { type Cut, conjuncts, sharedBeginnings } from "./prefix.js";
import type { Rule } from "./ruleset.js";
import type { Slots } from "./slots.js";

/*
 * Functions for one event type. V8 stops optimising a function at about 60 KB of bytecode, so rules are spread over
 * several functions ("chunks"), and a condition that is too long for one is cut into parts.
 */

/** Characters of source a function has at the most. */
export const FUNCTION_CHARS = 12_000;

/** What generated code may name: see emit.ts. Indexed by the number in the name; memo words by "N_W". */
export interface Names {
  readonly x: readonly unknown[];
  readonly b: readonly (Int32Array | null)[];
  readonly f: ReadonlyMap<string, unknown>;
  readonly p: readonly (unknown | undefined)[];
  readonly c: readonly (unknown | undefined)[];
}

/** first: returns the index of the first rule that matches, -1 for none. all: writes all to `hits`, returns how many. */
export type TypeFunction = (e: EventView, hits: Int32Array) => number;

/** Source of the functions of one event type. */
export interface GeneratedSource {
  /** Body of a function of the names in `names`, which returns the TypeFunction. */
  readonly text: string;
  readonly names: readonly string[];
  /** Sizes of the functions in it, in characters. */
  readonly sizes: readonly number[];
}

/** Cuts conditions that are too long into parts of their own. */
class Splitter {
  readonly parts: CodeNode[] = [];

  constructor(private readonly limit: number) {}

  private part(node: CodeNode): CodeNode {
    return { kind: "call", index: this.parts.push(node) - 1 };
  }

  /** The same condition with a size of at most `limit`. */
  fit(node: CodeNode): CodeNode {
    if (codeSize(node) <= this.limit) return node;
    if (node.kind === "not") return { kind: "not", child: this.part(this.fit(node.child)) };
    if (node.kind !== "and" && node.kind !== "or") return node;
    // Greedy runs of children, each a part; again until what is left is short enough.
    let children: readonly CodeNode[] = node.children.map((child) => this.fit(child));
    for (;;) {
      const whole: CodeNode = { kind: node.kind, children };
      if (codeSize(whole) <= this.limit) return whole;
      const next: CodeNode[] = [];
      let run: CodeNode[] = [];
      let size = 0;
      for (const child of children) {
        const more = codeSize(child) + 2;
        if (run.length > 0 && size + more > this.limit - 2) {
          next.push(this.part({ kind: node.kind, children: run }));
          run = [];
          size = 0;
        }
        run.push(child);
        size += more;
      }
      if (run.length > 0) next.push(this.part({ kind: node.kind, children: run }));
      children = next;
    }
  }
}

interface Condition {
  readonly rule: Rule;
  readonly node: CodeNode;
}

/** One function: its rules in order, what they begin with alike computed once. */
function writeChunk(index: number, chunk: readonly Condition[], slots: Slots, first: boolean): string {
  const cuts = sharedBeginnings(chunk.map(({ node }) => node));
  const emitter = new Emitter(slots);
  const counted = new Set<number>();
  const written = new Set<number>();
  // Variables depend on how often a thing is used: so all is counted before anything is written.
  for (const [i, { node }] of chunk.entries()) {
    let from = 0;
    const children = conjuncts(node);
    for (const { id, end } of cuts[i] as Cut[]) {
      if (!counted.has(id)) for (const child of children.slice(from, end)) emitter.count(child);
      counted.add(id);
      from = end;
    }
    for (const child of children.slice(from)) emitter.count(child);
  }
  let body = "";
  for (const [i, { rule, node }] of chunk.entries()) {
    let known = "";
    let from = 0;
    const children = conjuncts(node);
    const conjunction = (to: number): string => {
      const tests = children.slice(from, to).map((child) => emitter.write(child));
      return [...(known === "" ? [] : [known]), ...tests].join("&&");
    };
    for (const { id, end } of cuts[i] as Cut[]) {
      const q = emitter.local(`q${id}`, "0");
      if (!written.has(id)) body += `${q}=${conjunction(end)}?1:0;`;
      written.add(id);
      known = q;
      from = end;
    }
    const test = conjunction(children.length);
    body += first ? `if(${test})return ${rule.index};` : `if(${test})r[n++]=${rule.index};`;
  }
  return first
    ? `function g${index}(e){${emitter.declarations()}${body}return -1;}`
    : `function g${index}(e,r,n){${emitter.declarations()}${body}return n;}`;
}

const NAME = /\b([xbpc]\d+|f\d+_\d+)\b/g;

/** Writes the functions of one event type. */
export function generateType(plan: TypePlan, slots: Slots, first: boolean, limit = FUNCTION_CHARS): GeneratedSource {
  // Room for the head, the tail and what is written around each condition.
  const room = Math.max(limit - 200, 400);
  const splitter = new Splitter(room);
  const functions: string[] = [];
  const conditions = plan.rules.map(({ rule, node }) => ({ rule, node: splitter.fit(codeNode(slots, node)) }));
  for (const [index, node] of splitter.parts.entries()) {
    const emitter = new Emitter(slots);
    emitter.count(node);
    const value = emitter.write(node);
    functions.push(`function s${index}(e){${emitter.declarations()}return ${value};}`);
  }
  const chunks: Condition[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const condition of conditions) {
    const more = codeSize(condition.node) + 40;
    if (size + more > room) {
      chunks.push([]);
      size = 0;
    }
    size += more;
    (chunks[chunks.length - 1] as Condition[]).push(condition);
  }
  for (const [index, chunk] of chunks.entries()) functions.push(writeChunk(index, chunk, slots, first));
  let tail = "";
  if (chunks.length === 1 && first) {
    tail = "return g0;";
  } else if (first) {
    tail = `return function(e){let i;${chunks.map((_, i) => `if((i=g${i}(e))>=0)return i;`).join("")}return -1;};`;
  } else {
    tail = `return function(e,r){let n=0;${chunks.map((_, i) => `n=g${i}(e,r,n);`).join("")}return n;};`;
  }
  const text = `"use strict";${functions.join("\n")}\n${tail}`;
  const names = [...new Set(text.match(NAME) ?? [])].sort();
  return { text, names, sizes: functions.map((each) => each.length) };
}

/** Compiles generated source with what its names stand for. */
export function compileSource(source: GeneratedSource, names: Names): TypeFunction {
  const values = source.names.map((name) => {
    const rest = name.slice(1);
    switch (name[0]) {
      case "x":
        return names.x[Number(rest)];
      case "b":
        return names.b[Number(rest)];
      case "f":
        return names.f.get(rest);
      case "p":
        return names.p[Number(rest)];
      default:
        return names.c[Number(rest)];
    }
  });
  // The names become constants of a closure, which the optimising compiler can see through.
  const binds = source.names.map((name, i) => `const ${name}=o[${i}];`).join("");
  return new Function("o", binds + source.text)(values) as TypeFunction;
}
