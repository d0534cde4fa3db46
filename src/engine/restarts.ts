// SPDX-License-Identifier: Apache-2.0

/** Restarts that lie further back do not count any more, ms. */
const WINDOW = 10 * 60_000;
/** The first restart waits so long, the next ones twice as long each, ms. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

/** How often something that breaks is started again. */
export class Restarts {
  private readonly moments: number[] = [];

  /** @param most restarts within ten minutes */
  constructor(
    private readonly most: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** It has broken. @returns how long to wait before it is started again, ms; null: it is given up */
  next(): number | null {
    const now = this.now();
    while (this.moments.length > 0 && now - this.moments[0] > WINDOW) this.moments.shift();
    if (this.moments.length >= this.most) return null;
    this.moments.push(now);
    return Math.min(FIRST_PAUSE * 2 ** (this.moments.length - 1), LONGEST_PAUSE);
  }
}
