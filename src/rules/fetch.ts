// SPDX-License-Identifier: Apache-2.0

import type { EventView } from "../fields/view.js";
import type { DenseMemo, SparseMemo } from "./memo.js";
import { COMPUTED } from "./text-tests.js";

/*
 * One function for each word of each keyed field: the memo's word for a key, computed where it is not there yet. They are
 * generated too, not because they differ but so that each has its own type feedback and is inlined where it is called.
 */

/** `key`: the field's key, -1 = absent; for a field of several values, how many keys its buffer holds. */
export type WordFunction = (e: EventView, key: number) => number;

/** Word `word` of a field with one value. */
export function wordFunction(
  name: string,
  memo: DenseMemo | SparseMemo,
  dense: boolean,
  stride: number,
  word: number,
): WordFunction {
  const index = stride === 1 ? "k" : `k*${stride}+${word}`;
  const read = dense ? `const a=m.words,i=${index},w=i<a.length?a[i]:0;` : `const w=m.get(k,${word});`;
  const text = `"use strict";return function f${name}(e,k){if(k<0)return ${COMPUTED};${read}return w!==0?w:m.fill(k,${word},e);};`;
  return new Function("m", text)(memo) as WordFunction;
}

/** Word `word` of a field with several values: a test holds where it holds for one of them. */
export function anyWordFunction(
  name: string,
  memo: DenseMemo,
  keys: Int32Array,
  stride: number,
  word: number,
): WordFunction {
  const text =
    `"use strict";return function f${name}(e,n){let all=${COMPUTED};for(let j=0;j<n;j++){const k=b[j];if(k<0)continue;` +
    `const a=m.words,i=k*${stride}+${word},w=i<a.length?a[i]:0;all|=w!==0?w:m.fill(k,${word},e);}return all;};`;
  return new Function("m", "b", text)(memo, keys) as WordFunction;
}
