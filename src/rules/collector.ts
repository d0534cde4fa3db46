// SPDX-License-Identifier: Apache-2.0

import type { Context } from "./diagnostic.js";
import type { Exception } from "./exceptions.js";
import type { Text } from "./text.js";

export interface ListItemText {
  readonly text: string;
  readonly offset: number;
}

/** A list as the files read so far have it. */
export interface ListEntry {
  readonly name: string;
  readonly items: ListItemText[];
  readonly context: Context;
}

/** A macro as the files read so far have it. */
export interface MacroEntry {
  readonly name: string;
  readonly condition: Text;
  readonly context: Context;
  /** Place of its first definition among all items. */
  readonly order: number;
  /** Place of its last definition or append: it sees the macros with a lower order. */
  readonly visibility: number;
}

/** A rule as the files read so far have it. */
export interface RuleEntry {
  readonly name: string;
  condition: Text;
  output: Text;
  desc: string;
  priority: number;
  readonly source: string;
  readonly unknownSource: boolean;
  enabled: boolean;
  tags: ReadonlySet<string>;
  exceptions: readonly Exception[];
  warnEventTypes: boolean;
  skipIfUnknown: boolean;
  capture: boolean;
  captureDuration: number;
  context: Context;
}

/** What all files have defined so far, in the order of first definitions. */
export class Collector {
  readonly lists = new Map<string, ListEntry>();
  readonly macros = new Map<string, MacroEntry>();
  readonly rules = new Map<string, RuleEntry>();
  private count = 0;

  defineList(name: string, items: readonly ListItemText[], context: Context): void {
    this.lists.set(name, { name, items: [...items], context });
  }

  appendList(name: string, items: readonly ListItemText[], context: Context): void {
    const list = this.lists.get(name);
    if (list === undefined) {
      const message = "List uses 'append' or 'override.items: append' but no list by that name already exists";
      throw context.error("LOAD_ERR_VALIDATE", message);
    }
    for (const item of items) list.items.push(item);
  }

  defineMacro(name: string, condition: Text, context: Context): void {
    const visibility = this.count++;
    const order = this.macros.get(name)?.order ?? visibility;
    this.macros.set(name, { name, condition, context, order, visibility });
  }

  appendMacro(name: string, condition: Text, context: Context): void {
    const macro = this.macros.get(name);
    if (macro === undefined) {
      const message = "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists";
      throw context.error("LOAD_ERR_VALIDATE", message);
    }
    this.macros.set(name, { ...macro, condition: macro.condition.append(condition), visibility: this.count++ });
  }

  defineRule(rule: RuleEntry): void {
    const earlier = this.rules.get(rule.name);
    if (earlier !== undefined) this.checkSource(earlier, rule.source, rule.context);
    this.rules.set(rule.name, rule);
  }

  checkSource(earlier: RuleEntry, source: string | undefined, context: Context): void {
    if (source === undefined || source === earlier.source) return;
    throw context.error("LOAD_ERR_VALIDATE", "Rule has been re-defined with a different source");
  }
}
