// SPDX-License-Identifier: Apache-2.0

import { PeregrineError } from "../telemetry/errors.js";
import type { Context, RunFlags } from "./context.js";

/**
 * Runs the option that asks for an answer instead of a run, the first of them if there are several.
 * @returns the exit status, null where none is given
 */
export async function answer(flags: RunFlags, context: Context): Promise<number | null> {
  checkCompany(flags);
  if (flags.ruleSchema === true) return (await import("./rule-schema.js")).printRuleSchema();
  if (flags.listEvents === true) return (await import("./list-events.js")).listEvents(flags);
  if (flags.pluginInfo !== undefined) {
    return await (await import("./plugins.js")).pluginInfo(flags.pluginInfo, flags, context);
  }
  if (flags.listPlugins === true) return await (await import("./plugins.js")).listPlugins(flags, context);
  if (flags.list !== undefined) return await (await import("./list.js")).list(flags, context);
  if (flags.validate !== undefined) return await (await import("./validate.js")).validate(flags, context);
  if (flags.describe === true || flags.describeRule !== undefined) {
    return await (await import("./describe.js")).describe(flags, context);
  }
  return null;
}

/** Options that mean something beside others alone. */
function checkCompany(flags: RunFlags): void {
  const lists = flags.list !== undefined || flags.listEvents === true;
  const checks = flags.validate !== undefined || flags.describe === true || flags.describeRule !== undefined;
  const need = (given: boolean, option: string, others: string): void => {
    if (given) throw new PeregrineError("OPTION_CONFLICT", `${option} means something with ${others} only`);
  };
  need(flags.format !== undefined && !lists, "--format", "--list or --list-events");
  need(flags.names === true && flags.list === undefined, "-N", "--list");
  need(flags.assumePlugin !== undefined && !checks && !lists, "--assume-plugin", "-V, -L, -l or --list");
  if (flags.names === true && flags.format !== undefined && flags.format !== "text") {
    throw new PeregrineError("OPTION_CONFLICT", `-N cannot be given together with --format ${flags.format}`);
  }
}
