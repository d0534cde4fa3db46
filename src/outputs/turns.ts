// SPDX-License-Identifier: Apache-2.0

/**
 * One way to an output for several that write: each task is done before the next one begins, so that no line is written into
 * another where the output, a full pipe, takes a part first.
 */
export class Turns {
  private last: Promise<void> | null = null;

  /** Does the task, at once where none is under way. Throws, or rejects, as the task does. */
  take(task: () => void | Promise<void>): void | Promise<void> {
    const done = this.last === null ? task() : this.last.then(task);
    if (done === undefined) return undefined;
    // What fails is told to the one whose task it was; the others find it out with theirs.
    const settled: Promise<void> = done
      .catch(() => {})
      .then(() => {
        if (this.last === settled) this.last = null;
      });
    this.last = settled;
    return done;
  }
}
