// SPDX-License-Identifier: Apache-2.0

import type { EncoderOptions } from "../alerts/options.js";
import { type OutputPlan, outputFields, planOutputs } from "../alerts/output-plan.js";
import { type AnnexDemand, noAnnex } from "../batch/annex.js";
import { EventType } from "../batch/event-table.generated.js";
import type { Demand } from "../batch/plan.js";
import { type PluginInfo, SYSCALL } from "../plugins/info.js";
import { pluginResolver, WantedFields } from "../plugins/resolver.js";
import { demandOf } from "../rules/demand.js";
import type { RuleSet } from "../rules/ruleset.js";
import { fieldsOf } from "../rules/static-fields.js";
import type { WantedField } from "../sdk/index.js";

/** What is found out in main, once, of the rules of a run. */
export interface RunPlan {
  readonly outputs: OutputPlan;
  /** What rules and outputs read of each event type of a source of system calls. */
  readonly demand: Demand;
  /** What they read of annexes. */
  readonly annex: AnnexDemand;
  /** By plugin: the fields that rules and outputs use. */
  readonly wanted: readonly (readonly WantedField[])[];
}

/** The first parameter of events of plugins: the plugin's ID. */
const ID = 1;

/** @param sources all event sources there are */
export function planRun(
  rules: RuleSet,
  encoder: EncoderOptions,
  plugins: readonly PluginInfo[],
  sources: readonly string[],
): RunPlan {
  const wanted = new WantedFields(plugins.length);
  const resolver = fieldsOf(rules, pluginResolver(plugins, sources, wanted, rules.everywhere));
  const annex = noAnnex();
  const outputs = planOutputs(encoder, rules, resolver);
  const fields = outputFields(outputs, encoder, rules, resolver);
  const demand = demandOf(rules, SYSCALL, resolver, fields, annex);
  for (const source of sources) {
    if (source === SYSCALL) continue;
    for (const [type, mask] of demandOf(rules, source, resolver, fields, annex).entries()) {
      if (mask !== undefined) demand[type] = (demand[type] ?? 0) | mask;
    }
  }
  // Whose event it is decides which rules see it; and that a plugin is missing is to be told in any case.
  demand[EventType.PLUGINEVENT_E] = (demand[EventType.PLUGINEVENT_E] ?? 0) | ID;
  const async = demand[EventType.ASYNCEVENT_E];
  if (async !== undefined) demand[EventType.ASYNCEVENT_E] = async | ID;
  return { outputs, demand, annex, wanted: wanted.all() };
}
