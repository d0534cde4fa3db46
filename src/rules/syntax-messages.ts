// SPDX-License-Identifier: Apache-2.0

/* Texts of syntax errors. They are Falco's, since people search for them. */

const TRANSFORMERS = "'val', 'tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'";

export const EMPTY = "filter input string is empty";
export const TERM = "expected a '(' token, a field check, or an identifier";
export const CLOSE = "expected a ')' token";
export const BRACKET = "expected a ']' token";
export const CLOSE_TRANSFORM = "expected a ')' token closing the transformer";
export const OPERATOR =
  "expected a valid check operator: one of 'exists', '<=', '<', '>=', '>', '==', '=', '!=', 'glob', 'iglob', " +
  "'contains', 'icontains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'regex', 'intersects', 'in', 'pmatch'";
export const NUMBER = `expected a number value or a field with a valid transformer: ${TRANSFORMERS}`;
export const TEXT = `expected a string value or a field with a valid transformer: ${TRANSFORMERS}`;
export const LIST = `expected a list, an identifier, or a field with a valid transformer: ${TRANSFORMERS}`;
export const ITEM = "expected a string value";
export const FIELD_ARGUMENT = "expected a valid field argument: a quoted string or a bare string";
export const VAL_FIELD = "expected a field within 'val' transformer";
export const ARGUMENT =
  "expected field transformer argument: field, transformer, quoted string, number, or transformer list";
export const TUPLE_ITEM = "expected transformer list argument: field, transformer, quoted string, or number";

export function blankAfter(word: string): string {
  return `expected blank or '(' after '${word}'`;
}

export function endAfter(token: string): string {
  return `unexpected token after '${token}', expecting 'or', 'and'`;
}

export function tooDeep(limit: number): string {
  return `exceeded max depth limit of ${limit}`;
}
