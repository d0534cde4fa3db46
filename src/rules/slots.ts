// SPDX-License-Identifier: Apache-2.0

import type { Field } from "../fields/field.js";
import type { Atom, BitAtom } from "./atom.js";
import { eachAtom, type TypePlan } from "./plan.js";
import { BITS_A_WORD, TextTests } from "./text-tests.js";

/** Where a bit atom's result stands in its field's memo. */
export interface Slot {
  /** Index in Slots.fields. */
  readonly field: number;
  readonly word: number;
  readonly bit: number;
}

/**
 * Places for the atoms that are in use. Bits are given out type by type, the types with the most rules first, in the
 * order of the rules: so what one function tests is close together, often in one word.
 */
export class Slots {
  /** Fields in use, of any shape; their index is their name in generated code. */
  readonly fields: Field[] = [];
  /** For each field in use, its bit atoms in bit order. */
  readonly bits: BitAtom[][] = [];
  private readonly fieldIndex = new Map<string, number>();
  private readonly slots = new Map<number, Slot>();

  constructor(types: readonly TypePlan[]) {
    const order = [...types].sort((a, b) => b.rules.length - a.rules.length || a.type - b.type);
    for (const { rules } of order) for (const { node } of rules) eachAtom(node, (atom) => this.place(atom));
  }

  private place(atom: Atom): void {
    if (atom.kind === "computed") return;
    const field = this.indexOf(atom.field);
    if (atom.kind !== "bit" || this.slots.has(atom.id)) return;
    const bits = this.bits[field] as BitAtom[];
    const at = bits.push(atom) - 1;
    this.slots.set(atom.id, { field, word: Math.floor(at / BITS_A_WORD), bit: at % BITS_A_WORD });
  }

  indexOf(field: Field): number {
    let index = this.fieldIndex.get(field.name);
    if (index === undefined) {
      index = this.fields.push(field) - 1;
      this.bits.push([]);
      this.fieldIndex.set(field.name, index);
    }
    return index;
  }

  of(atom: BitAtom): Slot {
    return this.slots.get(atom.id) as Slot;
  }

  /** Words of a field's memo; 0 for fields that are not keyed. */
  words(field: number): number {
    return Math.ceil((this.bits[field] as BitAtom[]).length / BITS_A_WORD);
  }

  /** The tests of a field's memo. */
  tests(field: number): TextTests {
    return new TextTests(this.bits[field] as BitAtom[]);
  }
}
