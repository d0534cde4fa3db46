// SPDX-License-Identifier: Apache-2.0

/*
 * Who is inside a plugin, and what plugins have done: one SharedArrayBuffer. A thread that runs plugins (a worker, a
 * plugin source's thread) has a block; main looks at all of them.
 *
 *   switches   one Int32 a plugin: 0 on, 1 off                                                  written by main
 *   block      head of 16 Int32    GuardWord                                                    written by its thread
 *              then for each plugin 8 Float64, PluginCount, and METRICS Float64 of its own      written by its thread
 *
 * ENTERED is the plugin's number + 1 while its code runs, TURNS counts how often that changed. Both are plain stores, cheap
 * enough for every call: a thread that hangs makes no more of them, so what main reads stands still, and that is all main
 * looks for. When a thread has died its last stores are older than the notice of its death, as with a batch's cursor.
 */

export const GuardWord = {
  /** Number of the plugin whose code runs, + 1; 0 = none. */
  ENTERED: 0,
  TURNS: 1,
  /** Linux thread id, 0 = not known: main reads the thread's CPU time under it. */
  TID: 2,
  /** Counts while the thread's event loop turns; 0 while it loads the plugin. Sources only. */
  BEAT: 3,
  /** MiB of buffers for which the thread has ended itself, 0 = it has not. */
  BUFFERS: 4,
  HEAD: 16,
} as const;

export const PluginCount = {
  /** Events for which values were asked of the plugin, and values. */
  EVENTS: 0,
  VALUES: 1,
  /** Calls that threw, and values that are not of the declared type. */
  THROWS: 2,
  WRONG_TYPES: 3,
  /** Events that had to do without the plugin, because it was off or had brought a thread down at that event. */
  WITHOUT: 4,
  /** Times that it was started again in its thread. */
  RESTARTS: 5,
  /** Asynchronous events that it has added to the source of its thread, and those of all threads that are in its ledger. */
  ADDED: 6,
  WRITTEN: 7,
  WORDS: 8,
} as const;

/** Metrics that a plugin can have. */
export const METRICS = 56;

const PLUGIN_FLOATS = PluginCount.WORDS + METRICS;

export interface GuardBuffer {
  readonly words: SharedArrayBuffer;
  readonly threads: number;
  readonly plugins: number;
}

export function createGuard(threads: number, plugins: number): GuardBuffer {
  const words = new SharedArrayBuffer(switchBytes(plugins) + threads * blockBytes(plugins));
  return { words, threads, plugins };
}

/** A whole number of cache lines. */
function switchBytes(plugins: number): number {
  return Math.ceil((plugins * 4) / 64) * 64;
}

function blockBytes(plugins: number): number {
  return GuardWord.HEAD * 4 + plugins * PLUGIN_FLOATS * 8;
}

/** One thread's block. */
export class Guard {
  private readonly head: Int32Array;
  private readonly switches: Int32Array;
  private readonly floats: Float64Array;

  constructor(buffer: GuardBuffer, thread: number) {
    const at = switchBytes(buffer.plugins) + thread * blockBytes(buffer.plugins);
    this.switches = new Int32Array(buffer.words, 0, Math.max(1, buffer.plugins));
    this.head = new Int32Array(buffer.words, at, GuardWord.HEAD);
    this.floats = new Float64Array(buffer.words, at + GuardWord.HEAD * 4, buffer.plugins * PLUGIN_FLOATS);
  }

  /** Its thread: begins anew, after another thread that had the block. */
  begin(tid: number): void {
    this.head[GuardWord.ENTERED] = 0;
    this.head[GuardWord.TURNS]++;
    this.head[GuardWord.TID] = tid;
    this.head[GuardWord.BEAT] = 0;
    this.head[GuardWord.BUFFERS] = 0;
  }

  /** Its thread: the code of `plugin` runs from here on. */
  enter(plugin: number): void {
    this.head[GuardWord.ENTERED] = plugin + 1;
    this.head[GuardWord.TURNS]++;
  }

  /** Its thread: no plugin's code runs. */
  leave(): void {
    this.head[GuardWord.ENTERED] = 0;
  }

  beat(): void {
    this.head[GuardWord.BEAT]++;
  }

  /** Its thread: ends itself since plugins hold so many MiB of buffers. `plugin` has to answer for it, -1 = nobody. */
  giveUp(plugin: number, mib: number): void {
    this.head[GuardWord.ENTERED] = plugin + 1;
    this.head[GuardWord.BUFFERS] = mib;
  }

  /** A GuardWord, read by main. */
  word(word: number): number {
    return Atomics.load(this.head, word);
  }

  /** The plugin whose code runs, -1 = none. */
  get entered(): number {
    return this.word(GuardWord.ENTERED) - 1;
  }

  /** Whether `plugin` may run. */
  on(plugin: number): boolean {
    return this.switches[plugin] === 0;
  }

  /** Main: no thread shall run `plugin` any more. */
  switchOff(plugin: number): void {
    Atomics.store(this.switches, plugin, 1);
  }

  /** Its thread: counts. `count` is a PluginCount. */
  add(plugin: number, count: number, by = 1): void {
    this.floats[plugin * PLUGIN_FLOATS + count] += by;
  }

  count(plugin: number, count: number): number {
    return this.floats[plugin * PLUGIN_FLOATS + count];
  }

  /** The plugin's own metrics of this thread, by place. */
  metrics(plugin: number): Float64Array {
    const from = plugin * PLUGIN_FLOATS + PluginCount.WORDS;
    return this.floats.subarray(from, from + METRICS);
  }
}
