// SPDX-License-Identifier: Apache-2.0

/** Counts the looks for events that found none, one after the other. */
export class SilenceMonitor {
  private fills = 0;
  private last = 0;

  /** @param most so many are no reason to tell anything */
  constructor(private readonly most: number) {}

  /**
   * Behind each look.
   * @param event number of the last event so far
   * @returns how many looks in a row found nothing, where that is one more than is quiet; then counting begins anew
   */
  look(event: number): number | null {
    if (event !== this.last) {
      this.last = event;
      this.fills = 0;
      return null;
    }
    this.fills++;
    if (this.fills <= this.most) return null;
    const { fills } = this;
    this.fills = 0;
    return fills;
  }
}
