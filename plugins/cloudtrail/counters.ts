// SPDX-License-Identifier: Apache-2.0
import type { Metric, PluginContext } from "peregrine/sdk";

/** The metrics of the source, as docs/plugins/cloudtrail.md lists them. */
export class Counters {
  readonly files: Metric;
  readonly bytes: Metric;
  /** Records that were found: delivered, repeated, passed over and set aside together. */
  readonly found: Metric;
  readonly delivered: Metric;
  readonly repeated: Metric;
  readonly passedOver: Metric;
  readonly #lateness: Metric;
  readonly #worst: Metric;
  readonly #sum: Metric;
  #max = 0;

  constructor(context: PluginContext) {
    this.files = context.metric("files", "counter");
    this.bytes = context.metric("bytes", "counter");
    this.found = context.metric("records_found", "counter");
    this.delivered = context.metric("records_delivered", "counter");
    this.repeated = context.metric("records_repeated", "counter");
    this.passedOver = context.metric("records_passed_over", "counter");
    this.#lateness = context.metric("lateness_ms", "gauge");
    this.#worst = context.metric("lateness_ms_max", "gauge");
    this.#sum = context.metric("lateness_ms_sum", "counter");
  }

  /** Of some records: time from event to arrival of the last one, the longest, and all together, in ms. */
  lateness(last: number, longest: number, sum: number): void {
    this.#lateness.set(last);
    if (longest > this.#max) {
      this.#max = longest;
      this.#worst.set(longest);
    }
    this.#sum.add(sum);
  }
}
