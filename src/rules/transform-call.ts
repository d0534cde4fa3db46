// SPDX-License-Identifier: Apache-2.0

import type { Comparable, Value } from "./predicate.js";

/** A transformer with its argument types settled. */
export interface BoundTransform {
  readonly type: number;
  readonly list: boolean;
  apply(values: readonly Value[]): Value | null;
}

export function bindTransform(name: string, _arg: string | null, _args: readonly Comparable[]): BoundTransform {
  throw new Error(`unknown transformer ${name}`);
}
