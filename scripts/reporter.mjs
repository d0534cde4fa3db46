// SPDX-License-Identifier: Apache-2.0
// node:test's own "spec" output, but with the totals as the very last lines and in the form of its "tap" output.
import { spec } from "node:test/reporters";

const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

export default async function* report(source) {
  const totals = [];
  async function* withoutTotals() {
    for await (const event of source) {
      const isTotal = event.type === "test:diagnostic" && event.data.nesting === 0 && TOTAL.test(event.data.message);
      if (isTotal) totals.push(`# ${event.data.message}\n`);
      else yield event;
    }
  }
  const lines = new spec();
  const { Readable } = await import("node:stream");
  yield* Readable.from(withoutTotals()).compose(lines);
  yield `\n${totals.join("")}`;
}
