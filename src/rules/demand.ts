// SPDX-License-Identifier: Apache-2.0

import { type AnnexDemand, askAnnex, noAnnex } from "../batch/annex.js";
import { EventType } from "../batch/event-table.generated.js";
import type { Demand } from "../batch/plan.js";
import type { Field, FieldResolver } from "../fields/field.js";
import { atomFields } from "./atom.js";
import { eachAtom, planRules } from "./plan.js";
import type { RuleSet } from "./ruleset.js";

/**
 * What the rules of `source` want of the reader: for each event type on which some rule can match, the parameters that
 * its condition and its output read there. `outputs[rule.index]` lists the fields of a rule's output. What they read of the
 * records' annexes is added to `annex`.
 */
export function demandOf(
  ruleSet: RuleSet,
  source: string,
  resolver: FieldResolver,
  outputs: readonly (readonly Field[] | undefined)[],
  annex: AnnexDemand = noAnnex(),
): Demand {
  const demand: Demand = [];
  for (const { type, rules } of planRules(ruleSet, source, resolver).types) {
    const types = type >= 0 ? [type] : [EventType.PLUGINEVENT_E, EventType.ASYNCEVENT_E];
    const fields = new Set<Field>();
    for (const { rule, node } of rules) {
      eachAtom(node, (atom) => {
        for (const field of atomFields(atom)) fields.add(field);
      });
      for (const field of outputs[rule.index] ?? []) fields.add(field);
    }
    for (const field of fields) if (field.annex !== undefined) askAnnex(annex, field.annex.parts, field.annex.fd);
    for (const each of types) {
      demand[each] ??= 0;
      for (const field of fields) field.demand(each, demand);
    }
  }
  return demand;
}
