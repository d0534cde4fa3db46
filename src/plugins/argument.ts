// SPDX-License-Identifier: Apache-2.0

import type { FieldArgument, FieldSpec, KeyOrIndex } from "../sdk/index.js";

/** What an extractor is given for a field's argument; undefined: there is none. */
export type ArgumentValue = string | number | KeyOrIndex | undefined;

const INDEX = /^(0|[1-9][0-9]*)$/;
const LARGEST_INDEX = 0xffff_ffff_ffff_ffffn;

/** A field's name and what stands in brackets behind it, null = no brackets; null for a text that is neither. */
export function splitField(text: string): { readonly name: string; readonly argument: string | null } | null {
  const open = text.indexOf("[");
  if (open === -1) return { name: text, argument: null };
  if (!text.endsWith("]")) return null;
  return { name: text.slice(0, open), argument: text.slice(open + 1, -1) };
}

/** Whether a text is an index: decimal digits without leading zeros, of at most 64 bits. */
function isIndex(text: string): boolean {
  return INDEX.test(text) && BigInt(text) <= LARGEST_INDEX;
}

/** The argument in the form that its declaration asks for, or why it is none. */
export function readArgument(
  text: string,
  spec: FieldSpec,
  argument: string | null,
): { readonly value: ArgumentValue } | { readonly error: string } {
  const declared = spec.argument;
  const bad = (why: string): { error: string } => ({ error: `filter '${text}': ${why}` });
  const name = splitField(text)?.name ?? text;
  if (argument === null) {
    if (declared?.required === true) return bad(`${name} requires an argument but none provided`);
    return { value: undefined };
  }
  if (declared === undefined) return bad(`${name} takes no argument but one is provided`);
  return typed(declared, argument) ?? bad(`${name} takes an index as argument, and '${argument}' is none`);
}

function typed({ kind }: FieldArgument, argument: string): { readonly value: ArgumentValue } | null {
  switch (kind) {
    case "key":
      return { value: argument };
    case "index":
      return isIndex(argument) ? { value: Number(argument) } : null;
    case "either":
      return { value: { key: argument, index: isIndex(argument) ? Number(argument) : -1 } };
  }
}
