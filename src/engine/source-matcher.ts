// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../batch/event-table.generated.js";
import type { EventView } from "../fields/view.js";
import type { Matcher } from "../rules/matcher.js";

/**
 * Matches events of several event sources in one stream, such as a capture with system calls and plugins' events: each goes
 * to the rules of its own source. An event of a plugin that is not loaded has no source, and no rule.
 */
export class SourceMatcher implements Matcher {
  hits: Int32Array;

  /**
   * @param own for events of no plugin
   * @param others by event source
   * @param unknown counts events of plugins that are not loaded, by ID
   * @param strangers for events of all plugins that `others` do not name; null: no rule is for them
   */
  constructor(
    private readonly own: Matcher,
    private readonly others: ReadonlyMap<string, Matcher>,
    private readonly unknown: Map<number, number>,
    private readonly strangers: Matcher | null = null,
  ) {
    this.hits = own.hits;
  }

  match(e: EventView): number {
    const { type } = e;
    return type !== EventType.PLUGINEVENT_E && type !== EventType.ASYNCEVENT_E
      ? this.by(this.own, e)
      : this.ofPlugin(e);
  }

  private by(matcher: Matcher, e: EventView): number {
    this.hits = matcher.hits;
    return matcher.match(e);
  }

  private ofPlugin(e: EventView): number {
    const id = e.pluginId;
    // Asynchronous events of the system call source have no ID.
    if (id === 0) return e.type === EventType.ASYNCEVENT_E ? this.by(this.own, e) : 0;
    const plugin = e.plugins.get(id);
    if (plugin === undefined) this.unknown.set(id, (this.unknown.get(id) ?? 0) + 1);
    const matcher = (plugin === undefined ? undefined : this.others.get(plugin.source)) ?? this.strangers;
    return matcher === null ? 0 : this.by(matcher, e);
  }

  forget(): void {
    this.own.forget();
    for (const matcher of this.others.values()) matcher.forget();
  }
}
