// SPDX-License-Identifier: Apache-2.0

/*
 * Buffers lie outside of the heap that V8 bounds: a plugin that keeps them is found by looking at how many bytes of them
 * the thread has. That takes some ten microseconds, so it is done now and then; calls are looked at one by one only while
 * the thread has many, to learn whose they are.
 */

/** How often the thread's buffers are looked at, ms. */
const LOOK = 100;
/** Looks while too many are held, and nobody's calls made them, after which the thread is given up all the same. */
const PATIENCE = 20;

/** MiB of buffers that the engine itself may have in a worker: alerts that wait. */
const OWN_MIB = 64;

/** Bytes of buffers that live in this thread. */
export function bufferBytes(): number {
  return process.memoryUsage().arrayBuffers;
}

export interface Verdict {
  /** Who made the most of them, -1: nobody while it was looked. */
  readonly plugin: number;
  readonly mib: number;
}

/** Watches the buffers of one worker. */
export class BufferWatch {
  /** Whether calls are to be looked at. */
  measuring = false;
  private readonly made: Float64Array;
  private readonly limit: number;
  private before = 0;
  private next = 0;
  private looks = 0;

  /**
   * @param limits MiB that each plugin may have
   * @param bytes what the thread has
   * @param ownMib what of it is the engine's
   */
  constructor(
    limits: readonly number[],
    private readonly bytes: () => number = bufferBytes,
    ownMib = OWN_MIB,
  ) {
    this.made = new Float64Array(limits.length);
    this.limit = limits.reduce((sum, each) => sum + each, ownMib) * 2 ** 20;
  }

  /** Before a call of a plugin, while `measuring`. */
  begin(): void {
    this.before = this.bytes();
  }

  /** Behind it. What was freed in a call was made at some other time, by anyone. */
  end(plugin: number): void {
    this.made[plugin] += Math.max(0, this.bytes() - this.before);
  }

  /**
   * Looks, if it is time to.
   * @param now ms
   * @returns who has to answer for too many, null: all is well
   */
  look(now: number): Verdict | null {
    if (now < this.next) return null;
    this.next = now + LOOK;
    const held = this.bytes();
    const { limit } = this;
    const was = this.measuring;
    this.measuring = held > limit / 2;
    if (!this.measuring && was) this.made.fill(0);
    if (held <= limit) {
      this.looks = 0;
      return null;
    }
    const most = Math.max(...this.made);
    if (most === 0 && ++this.looks < PATIENCE) return null;
    return { plugin: most === 0 ? -1 : this.made.indexOf(most), mib: Math.round(held / 2 ** 20) };
  }
}
