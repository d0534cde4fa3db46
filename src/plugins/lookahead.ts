// SPDX-License-Identifier: Apache-2.0

import type { EventView } from "../fields/view.js";
import type { PluginEvent } from "../sdk/index.js";
import { EventOfView } from "./event.js";

/** The events of a worker's batch that come behind the one in hand. */
export class Lookahead {
  private readonly event = new EventOfView();
  private view: EventView | null = null;
  /** A second cursor over the records of the view. */
  private scout: EventView | null = null;
  private at = 0;
  private end = 0;
  /** Counts batches. */
  number = 0;

  /** Moves to a batch: the places of its records stand in the view's words from `from` on. */
  begin(view: EventView, from: number, count: number): void {
    if (view !== this.view) {
      this.view = view;
      this.scout = Object.create(view) as EventView;
    }
    this.at = from;
    this.end = from + count;
    this.number++;
  }

  /** Moves to a batch that is not looked ahead in. */
  clear(): void {
    this.end = this.at;
    this.number++;
  }

  /**
   * Visits the events from record `o` on, until `visit` returns false.
   * @returns place of the first record that was not visited
   */
  visit(o: number, visit: (event: PluginEvent) => boolean): number {
    const { scout, view, event } = this;
    if (scout === null || view === null) return 0;
    const { words } = view;
    while (this.at < this.end && words[this.at] !== o) this.at++;
    for (let at = this.at; at < this.end; at++) {
      if (words[at] === 0) continue;
      scout.at(words[at]);
      event.at(scout);
      if (!visit(event)) return words[at];
    }
    return 0;
  }
}

/** Events that are told ahead before it is asked whether that pays, and the share of them that must have been asked about. */
const TRIAL = 1024;
const PAYS = 1 / 4;

/** Decides for one plugin when events are told ahead. */
export class Ahead {
  private batch = -1;
  /** Place of the record at which to tell events again; 0: not in this batch. */
  private again = 0;
  private told = 0;
  private asked = 0;

  constructor(private readonly lookahead: Lookahead) {}

  /**
   * Tells a plugin of the events that come, from record `o` on, where they are not told yet.
   * @param applies whether the plugin is asked about an event at all
   */
  tell(
    o: number,
    ahead: (each: (visit: (event: PluginEvent) => boolean) => void) => void,
    applies: (event: PluginEvent) => boolean,
  ): void {
    this.asked++;
    const { lookahead } = this;
    if (lookahead.number === this.batch && o !== this.again) return;
    if (this.told > TRIAL && this.asked < this.told * PAYS) return;
    this.batch = lookahead.number;
    this.again = 0;
    ahead((visit) => {
      this.again = lookahead.visit(o, (event) => {
        if (!applies(event)) return true;
        this.told++;
        return visit(event);
      });
    });
  }
}
