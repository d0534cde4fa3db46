// SPDX-License-Identifier: Apache-2.0

import { CATALOG } from "../fields/catalog.generated.js";
import type { FieldResolver } from "../fields/field.js";
import { Collector } from "./collector.js";
import { RuleCompiler } from "./compile-rules.js";
import { Context, type Diagnostic } from "./diagnostic.js";
import type { Rule } from "./ruleset.js";
import { SourceFile } from "./source-file.js";
import { Text } from "./text.js";

/**
 * A rule out of a bare condition, as `--filter` has it, with an output template. `plugins`: what those that are loaded bring.
 * @returns the rule, or what is wrong with the condition or the output: the diagnostic's file is `name`
 */
export function ruleFromCondition(
  name: string,
  condition: string,
  output: string,
  source: string,
  resolver: FieldResolver,
  plugins: { readonly asyncNames?: readonly string[]; readonly fieldNames?: readonly string[] } = {},
): Rule | Diagnostic {
  const context = Context.root(new SourceFile(name, condition)).enter("rule", name, 0);
  const text = Text.plain(condition, context.file);
  const outputContext = Context.root(new SourceFile(name, output)).enter("rule", name, 0);
  const collector = new Collector();
  collector.defineRule({
    name,
    condition: text,
    output: Text.plain(output, outputContext.file),
    desc: "",
    priority: 7,
    source,
    unknownSource: false,
    enabled: true,
    tags: new Set(),
    exceptions: [],
    warnEventTypes: false,
    skipIfUnknown: false,
    capture: false,
    captureDuration: 0,
    context,
    unread: new Set(),
  });
  const options = {
    resolver,
    asyncNames: new Set(plugins.asyncNames ?? []),
    fieldNames: plugins.fieldNames ?? CATALOG.map((entry) => entry.name),
    appendOutput: [],
    // Such a rule is alone: being tried on every event does not matter.
    typeSearch: false,
  };
  let error: Diagnostic | undefined;
  const report = (diagnostic: Diagnostic): void => {
    if (diagnostic.severity === "error") error ??= diagnostic;
  };
  const [compiled] = new RuleCompiler(collector, options, report).run();
  if (error !== undefined) return error;
  if (compiled === undefined) throw new Error("a condition without a rule");
  const { enabled: _, entry: __, ...rule } = compiled;
  return { index: 0, ...rule };
}
