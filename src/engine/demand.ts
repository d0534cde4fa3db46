// SPDX-License-Identifier: Apache-2.0

import type { EncoderOptions } from "../alerts/options.js";
import { type OutputPlan, outputFields, planOutputs } from "../alerts/output-plan.js";
import { type AnnexDemand, AnnexPart, noAnnex } from "../batch/annex.js";
import { EVENTS, EventType } from "../batch/event-table.generated.js";
import type { Demand } from "../batch/plan.js";
import { type LoadedPlugin, SYSCALL } from "../plugins/info.js";
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
  /** By type: events of system calls that plugins' libraries are given as they are. */
  readonly images: readonly boolean[];
}

/** The first parameter of events of plugins: the plugin's ID. */
const ID = 1;

/** @param sources all event sources there are */
export function planRun(
  rules: RuleSet,
  encoder: EncoderOptions,
  plugins: readonly LoadedPlugin[],
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
  const fieldsWanted = wanted.all();
  const images: boolean[] = [];
  for (const plugin of plugins) showEvents(plugin, fieldsWanted[plugin.index].length > 0, demand, images);
  if (images.length > 0) annex.parts |= AnnexPart.IMAGE;
  return { outputs, demand, annex, wanted: fieldsWanted, images };
}

/** Adds what a library must be shown: the events that it parses, and those that rules see and that it extracts from. */
function showEvents(plugin: LoadedPlugin, isWanted: boolean, demand: Demand, images: boolean[]): void {
  const { library, extractor } = plugin;
  if (library === undefined) return;
  const show = (type: number): void => {
    if (type === EventType.PLUGINEVENT_E || type === EventType.ASYNCEVENT_E) {
      demand[type] = (demand[type] ?? 0) | ((1 << EVENTS[type].params.length) - 1);
    } else if (EVENTS[type] !== undefined) {
      images[type] = true;
    }
  };
  const { parser } = library;
  if (parser !== null) for (const type of parser.types ?? EVENTS.keys()) show(type);
  if (!isWanted || (!library.extractsSyscalls && extractor?.sources?.includes(SYSCALL) !== true)) return;
  for (const type of library.extractTypes ?? EVENTS.keys()) if (demand[type] !== undefined) show(type);
}
