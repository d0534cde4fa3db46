// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../paths.js";
import { note } from "../progress.js";
import { digits, percent, rate } from "../table.js";
import { LatencyProbe } from "./latency.js";
import { type Loads, type Loop, otherWatchers } from "./loads.js";
import type { LatencyRun, LoopRun, Mode, PaceRun } from "./results.js";
import { Watched } from "./watched.js";

/** How long others that watch are waited for, all runs together. */
const PATIENCE_MS = 180_000;
/** A rule that never holds, and that could on any event. */
const EVERY = `- rule: Every event
  desc: Makes the kernel hand out all events.
  condition: evt.num < 0
  output: event %evt.num
  priority: DEBUG
`;

/** Runs loads, with Peregrine beside them or without, and keeps what every run of it says. */
export class Bench {
  readonly firstAlertMs: number[] = [];
  readonly stopMs: number[] = [];
  disturbed = 0;
  private patienceMs = PATIENCE_MS;

  constructor(
    private readonly loads: Loads,
    /** Folder for what Peregrine is given. */
    private readonly folder: string,
  ) {
    writeFileSync(join(folder, "every.yaml"), EVERY);
  }

  private args(mode: Mode): string[] {
    if (mode === "--low-latency") return ["--low-latency"];
    if (mode !== "every event") return [];
    return ["-r", join(packageRoot(), "rules", "peregrine_rules.yaml"), "-r", join(this.folder, "every.yaml")];
  }

  /** Waits until nobody else watches, for a while; counts the run as disturbed if somebody does then or behind it. */
  private async alone<T>(own: readonly number[], work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    while (otherWatchers(own).length > 0 && performance.now() - start < this.patienceMs) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    this.patienceMs -= performance.now() - start;
    const before = otherWatchers(own).length;
    const result = await work();
    if (before + otherWatchers(own).length > 0) this.disturbed++;
    return result;
  }

  /** Does something while Peregrine watches. */
  private async watching<T>(
    mode: Mode,
    work: (watched: Watched) => Promise<T>,
  ): Promise<{ readonly result: T; readonly watched: WatchedCost }> {
    const watched = await Watched.start(this.args(mode));
    try {
      const before = watched.usage().cpuNs;
      const result = await this.alone([watched.pid], () => work(watched));
      await watched.settled();
      const usage = watched.usage();
      const { ms, summary } = await watched.stop();
      this.firstAlertMs.push(watched.firstAlertMs);
      this.stopMs.push(ms);
      if (summary.difference !== 0) throw new Error(`the ledger is off by ${summary.difference}`);
      return { result, watched: { ...usage, ...summary, events: summary.seen, cpuNs: usage.cpuNs - before } };
    } finally {
      watched.kill();
    }
  }

  async loop(loop: Loop, mode: Mode, share: number): Promise<LoopRun> {
    if (mode === "none") {
      const times = await this.alone([], () => this.loads.loop(loop, share));
      note(`${loop.name}, ${mode}: ${digits(times.cpuNs)} ns a round`);
      return { ...times, events: 0, lost: 0, peregrineNs: 0, rssBytes: 0, ownBytes: 0 };
    }
    const { result, watched } = await this.watching(mode, () => this.loads.loop(loop, share));
    const { events, lost, cpuNs, rssBytes, ownBytes } = watched;
    note(
      `${loop.name}, ${mode}: ${digits(result.cpuNs)} ns a round, ${digits(cpuNs / events)} ns of Peregrine an event, ` +
        `${rate((loop.calls * 1e9) / result.wallNs)} calls/s, ${percent(lost / events)} lost`,
    );
    return { ...result, events, lost, peregrineNs: cpuNs, rssBytes, ownBytes };
  }

  async pace(asked: number, threads: number, seconds: number): Promise<PaceRun> {
    const { result, watched } = await this.watching("default rules", () => this.loads.pace(asked, seconds, threads));
    const { events, lost, cpuNs } = watched;
    const reached = result.calls / result.seconds;
    note(`${rate(asked)} calls/s: ${rate(reached)} reached, ${lost} of ${events} events lost`);
    return { reached, events, lost, peregrineNs: cpuNs };
  }

  async latency(mode: Mode, callsPerSecond: number, seconds: number): Promise<LatencyRun> {
    const probe = new LatencyProbe();
    const { watched: cost } = await this.watching(mode, async (watched) => {
      watched.onOutput = probe.add;
      await this.loads.pace(callsPerSecond, seconds, 1, ALERT_EVERY);
      await watched.settled();
      watched.onOutput = () => {};
    });
    const figures = { ...probe.summary("command=pace"), lost: cost.lost };
    note(`latency, ${mode}: p50 ${digits(figures.p50)} ms, p99 ${digits(figures.p99)} ms of ${figures.alerts} alerts`);
    return figures;
  }
}

/** Of how many opens one raises an alert where latencies are measured: one event in twenty. */
const ALERT_EVERY = 10;

interface WatchedCost {
  readonly cpuNs: number;
  readonly events: number;
  readonly lost: number;
  readonly rssBytes: number;
  readonly ownBytes: number;
}
