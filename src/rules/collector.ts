// SPDX-License-Identifier: Apache-2.0

import type { Context } from "./diagnostic.js";
import type { Exception } from "./exceptions.js";
import { Text } from "./text.js";

export interface ListItemText {
  readonly text: string;
  readonly offset: number;
}

/** A list as the files read so far have it. */
export interface ListEntry {
  readonly name: string;
  readonly items: ListItemText[];
  readonly context: Context;
  /** Whether its items could not be read: what names it cannot be checked. */
  readonly unread: boolean;
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
  /** Whether its condition could not be read: it then stands for no test at all. */
  readonly unread: boolean;
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
  /** Keys that could not be read, and names of exceptions; whatever needs them is left unchecked. */
  readonly unread: Set<string>;
}

/** What all files have defined so far, in the order of first definitions. */
export class Collector {
  readonly lists = new Map<string, ListEntry>();
  readonly macros = new Map<string, MacroEntry>();
  readonly rules = new Map<string, RuleEntry>();
  /** Names of rules that have an item which could not be read at all. */
  readonly unreadRules = new Set<string>();
  private count = 0;

  /** @param items null where they could not be read */
  defineList(name: string, items: readonly ListItemText[] | null, context: Context): void {
    this.lists.set(name, { name, items: [...(items ?? [])], context, unread: items === null });
  }

  /** @param items null where they could not be read */
  appendList(name: string, items: readonly ListItemText[] | null, context: Context): void {
    const list = this.lists.get(name);
    if (list === undefined) {
      // What names the list later is right.
      this.defineList(name, items, context);
      const message = "List uses 'append' or 'override.items: append' but no list by that name already exists";
      throw context.error("LOAD_ERR_VALIDATE", message);
    }
    if (items === null) this.lists.set(name, { ...list, unread: true });
    else for (const item of items) list.items.push(item);
  }

  /** @param condition null where it could not be read */
  defineMacro(name: string, condition: Text | null, context: Context): void {
    const visibility = this.count++;
    const order = this.macros.get(name)?.order ?? visibility;
    const text = condition ?? Text.made("", context.file, context.offset);
    this.macros.set(name, { name, condition: text, context, order, visibility, unread: condition === null });
  }

  /** @param condition null where it could not be read */
  appendMacro(name: string, condition: Text | null, context: Context): void {
    const macro = this.macros.get(name);
    if (macro === undefined) {
      // What names the macro later is right; that its text may begin with `and` was told with this.
      this.defineMacro(name, null, context);
      const message = "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists";
      throw context.error("LOAD_ERR_VALIDATE", message);
    }
    const text = condition === null ? macro.condition : macro.condition.append(condition);
    this.macros.set(name, { ...macro, condition: text, visibility: this.count++ });
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
