// SPDX-License-Identifier: Apache-2.0

import { createEncoder } from "../alerts/encode.js";
import type { EncoderOptions } from "../alerts/options.js";
import type { OutputPlan } from "../alerts/output-plan.js";
import type { FieldResolver } from "../fields/field.js";
import type { PluginHost } from "../plugins/host.js";
import { type LoadedPlugin, SYSCALL } from "../plugins/info.js";
import { NO_VALUES, pluginResolver } from "../plugins/resolver.js";
import { compileMatcher } from "../rules/compile.js";
import type { Matcher } from "../rules/matcher.js";
import type { RuleSet } from "../rules/ruleset.js";
import { fieldsOf } from "../rules/static-fields.js";
import type { EvaluatorParts } from "./parts.js";
import { SourceMatcher } from "./source-matcher.js";

export interface EvaluatorSetup {
  readonly ruleSet: RuleSet;
  readonly encoder: EncoderOptions;
  readonly outputs: OutputPlan;
  /** Name of the event source. */
  readonly source: string;
  /** All event sources that there are. */
  readonly sources: readonly string[];
  readonly plugins: readonly LoadedPlugin[];
  /** The plugins in this thread; null where there are none. */
  readonly host: PluginHost | null;
  /** Strings that the dictionary can hold. */
  readonly strings: number;
  readonly data: unknown;
}

/** What a worker evaluates the events of one source with: compiled for its thread alone. */
export function createEvaluator(setup: EvaluatorSetup): EvaluatorParts {
  const { ruleSet, encoder, outputs, source, sources, plugins, host } = setup;
  const resolver = fieldsOf(ruleSet, pluginResolver(plugins, sources, host ?? NO_VALUES, ruleSet.everywhere));
  const unknown = new Map<number, number>();
  return {
    matcher: matcherOf(setup, resolver, unknown),
    encoder: createEncoder(encoder, ruleSet, outputs, resolver),
    ...(host === null ? {} : { plugins: host }),
    ...(source === SYSCALL ? { unknown } : {}),
  };
}

function matcherOf(setup: EvaluatorSetup, resolver: FieldResolver, unknown: Map<number, number>): Matcher {
  const { ruleSet, source, sources, strings } = setup;
  const compile = (name: string): Matcher => compileMatcher(ruleSet, name, resolver, { strings });
  if (source !== SYSCALL) return compile(source);
  // A stream of system calls may hold events of plugins: a capture does where one was recorded with them.
  const own = compile(SYSCALL);
  if (ruleSet.everywhere === true) return new SourceMatcher(own, new Map(), unknown, own);
  const others = sources.filter((name) => name !== SYSCALL && ruleSet.rules.some((rule) => rule.source === name));
  return new SourceMatcher(own, new Map(others.map((name) => [name, compile(name)])), unknown);
}
