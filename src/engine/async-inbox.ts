// SPDX-License-Identifier: Apache-2.0

import { type Guard, PluginCount } from "../batch/guard.js";
import type { AsyncEvent } from "../sdk/index.js";

/** An asynchronous event and the index of the plugin that has added it. */
export interface AddedEvent {
  readonly plugin: number;
  readonly event: AsyncEvent;
}

/**
 * Asynchronous events that wait until their source's thread writes them. Each is counted when it is accepted, here or by main,
 * and once more when it is in the source's ledger: the rest is lost, which main finds when the source has ended, also where
 * its thread has died.
 */
export class AsyncInbox {
  private readonly events: AddedEvent[] = [];
  private closed = false;

  constructor(private readonly guard: Guard) {}

  /** Whether what plugins in this thread add will be written. */
  get open(): boolean {
    return !this.closed;
  }

  get waiting(): readonly AddedEvent[] {
    return this.events;
  }

  /** From a plugin in this thread; only while it is open. */
  accept(plugin: number, event: AsyncEvent): void {
    this.guard.add(plugin, PluginCount.ADDED);
    this.events.push({ plugin, event });
  }

  /** From main, which has counted it. */
  receive(added: AddedEvent): void {
    this.events.push(added);
  }

  close(): void {
    this.closed = true;
  }

  /** Takes the first `count` out. */
  take(count = this.events.length): AddedEvent[] {
    return this.events.splice(0, count);
  }

  /** An event of `plugin` that was taken out is in the ledger. */
  written(plugin: number): void {
    this.guard.add(plugin, PluginCount.WRITTEN);
  }
}
