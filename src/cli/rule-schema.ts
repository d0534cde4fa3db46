// SPDX-License-Identifier: Apache-2.0

import { RULE_SCHEMA } from "../rules/rule-schema.js";
import { Exit } from "./context.js";
import { print } from "./print.js";

/** `peregrine --rule-schema`. @returns the exit status */
export function printRuleSchema(): number {
  print(`${JSON.stringify(RULE_SCHEMA, null, 2)}\n`);
  return Exit.OK;
}
