// SPDX-License-Identifier: Apache-2.0

import { median } from "../stats.js";

/** CPU time of the whole process so far, user and system, ns. */
function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/**
 * CPU time of one item: `pass` works on `items` of them; it runs `passes` times after `warm` passes that do not count.
 * @returns ns an item, median of the passes
 */
export function measure(items: number, pass: () => void, passes = 9, warm = 2): number {
  for (let i = 0; i < warm; i++) pass();
  const times: number[] = [];
  for (let i = 0; i < passes; i++) {
    const start = cpuNs();
    pass();
    times.push((cpuNs() - start) / items);
  }
  return median(times);
}

/** Prints one line of a micro-benchmark: `bench/micro/main.ts` makes its table of lines of this form. */
export function printLine(name: string, ns: number): void {
  process.stdout.write(`${name}: ${ns >= 100 ? Math.round(ns) : ns.toFixed(1)} ns\n`);
}
