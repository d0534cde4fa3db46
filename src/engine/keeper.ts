// SPDX-License-Identifier: Apache-2.0

import { type Control, ControlWord, RESULTS } from "../batch/control.js";
import type { RecentEvents } from "../capture/recent.js";
import type { IngestMail, ToIngest } from "./ingest-mail.js";

const NS_OF_MS = 1_000_000n;

/**
 * The captures that ingest writes beside its batches. Which events are wanted is known when main has written the alerts of
 * their batch: it sends what it heard, and then releases the batch. So all that is known of events up to the oldest batch
 * that is not released has been sent when RELEASED says so; messages are looked for after that word.
 */
export class Keeper {
  /** Number of the last event before each batch. */
  private readonly firsts = new Float64Array(RESULTS);

  constructor(
    private readonly recent: RecentEvents,
    private readonly control: Control,
    private readonly mail: IngestMail,
    private readonly live: boolean,
  ) {}

  /** A section of the source begins. */
  begin(): void {
    this.recent.begin(true);
  }

  /** The next batch has these events before it. */
  batch(first: number): void {
    this.firsts[this.control.words[ControlWord.PUBLISHED] & (RESULTS - 1)] = first;
  }

  hear(message: ToIngest): void {
    if (message.kind === "choose") this.recent.choose(message.numbers);
    if (message.kind !== "matches") return;
    for (const { event, time, duration } of message.matches) this.recent.match(event, time, duration);
  }

  /** Behind a batch whose last event is `last`. @param hear looks for main's messages */
  step(last: number, hear: () => void): void {
    const { recent, control } = this;
    const released = control.load(ControlWord.RELEASED);
    hear();
    const all = released === control.words[ControlWord.PUBLISHED];
    recent.settle(all ? last : this.firsts[released & (RESULTS - 1)]);
    // Where no events come, captures end by the clock.
    if (this.live && all) recent.passTime(BigInt(Date.now()) * NS_OF_MS);
    if (recent.due) recent.begin(false);
    this.tell();
  }

  /** The one capture has an end. */
  get full(): boolean {
    return this.recent.full;
  }

  /** There are no more events: waits until main has heard of all matches, and ends the captures. */
  close(hear: () => void): void {
    const { control, recent } = this;
    for (;;) {
      const seen = control.load(ControlWord.ROOM);
      if (control.aborted || control.load(ControlWord.RELEASED) === control.words[ControlWord.PUBLISHED]) break;
      control.wait(ControlWord.ROOM, seen);
    }
    hear();
    recent.close();
    this.tell();
  }

  private tell(): void {
    const captures = this.recent.finished();
    if (captures.length > 0) this.mail.tell({ kind: "captures", captures });
  }
}
