// SPDX-License-Identifier: Apache-2.0

import { PeregrineError } from "../telemetry/errors.js";
import type { BaseSyscalls } from "./base-syscalls.js";

/** What is done where events are lost. */
export type DropAction = "log" | "alert" | "exit";

/** `syscall_event_drops`. */
export interface DropConfig {
  readonly threshold: number;
  /** Empty: nothing is done. */
  readonly actions: readonly DropAction[];
  readonly rate: number;
  readonly maxBurst: number;
  readonly simulate: boolean;
}

/** `capture`: captures around matches. */
export interface CaptureConfig {
  /** Of their paths. */
  readonly prefix: string;
  readonly mode: "rules" | "all_rules";
  /** ms behind a match. */
  readonly defaultDuration: number;
  /** Of a file; 0: any. */
  readonly mostBytes: number;
  /** What is kept of the time before a match, at the most. */
  readonly beforeBytes: number;
  readonly beforeMs: number;
}

/** How much room the kernel's side has, and what it tells. */
export interface KernelConfig {
  /** Of a buffer, a power of two. */
  readonly bufferBytes: number;
  /** Processors that share a buffer; 0: all of them. */
  readonly cpusForEachBuffer: number;
  /** Bytes of I/O data that an event carries at the most. */
  readonly snaplen: number;
  /** Calls that failed are no events. */
  readonly dropFailed: boolean;
  /** The start state comes from /proc though the kernel has iterators. */
  readonly noIterators: boolean;
}

/** What is configured of watching this machine and of what goes on beside evaluating rules. */
export interface Watching {
  readonly base: BaseSyscalls;
  readonly drops: DropConfig;
  /** Looks for events in a row that may find none. */
  readonly mostTimeouts: number;
  /** null: none are written. */
  readonly capture: CaptureConfig | null;
  /** Rules and configuration are read again when their files change. */
  readonly followFiles: boolean;
  readonly kernel: KernelConfig;
}

const MEGABYTE = 1024 * 1024;

/** What the programs in the kernel have room for, for data that is in several pieces. */
export const MOST_SNAPLEN = 4095;

export const DEFAULT_WATCHING: Watching = {
  base: { customSet: [], repair: false, all: false },
  drops: { threshold: 0.1, actions: ["log", "alert"], rate: 0.03333, maxBurst: 1, simulate: false },
  mostTimeouts: 1000,
  capture: null,
  followFiles: true,
  kernel: { bufferBytes: 8 * MEGABYTE, cpusForEachBuffer: 2, snaplen: 80, dropFailed: false, noIterators: false },
};

/** The settings of a file, as watching-keys.ts leaves them. */
export interface WatchingSettings {
  readonly base_syscalls: {
    readonly custom_set?: readonly string[] | undefined;
    readonly repair?: boolean | undefined;
    readonly all?: boolean | undefined;
  };
  readonly syscall_event_drops: {
    readonly threshold?: string | undefined;
    readonly actions?: readonly string[] | undefined;
    readonly rate?: number | undefined;
    readonly max_burst?: number | undefined;
    readonly simulate_drops?: boolean | undefined;
  };
  readonly syscall_event_timeouts: { readonly max_consecutives?: number | undefined };
  readonly capture: {
    readonly enabled?: boolean | undefined;
    readonly path_prefix?: string | undefined;
    readonly mode?: string | undefined;
    readonly default_duration?: number | undefined;
    readonly max_file_size_mb?: number | undefined;
    readonly before: { readonly seconds?: number | undefined; readonly megabytes?: number | undefined };
  };
  readonly watch_config_files?: boolean | undefined;
  readonly engine: {
    readonly modern_ebpf: {
      readonly buf_size_preset?: number | undefined;
      readonly cpus_for_each_buffer?: number | undefined;
      readonly drop_failed_exit?: boolean | undefined;
      readonly disable_iterators?: boolean | undefined;
    };
  };
  readonly falco_libs: { readonly snaplen?: number | undefined };
}

function bad(message: string): PeregrineError {
  return new PeregrineError("CONFIG_VALUE", `Error reading config file: ${message}`);
}

/** @throws PeregrineError CONFIG_VALUE where a choice is none of those that there are */
export function toWatching(settings: WatchingSettings): Watching {
  const { base_syscalls: base, syscall_event_timeouts: timeouts } = settings;
  const mostTimeouts = timeouts.max_consecutives ?? DEFAULT_WATCHING.mostTimeouts;
  if (mostTimeouts === 0)
    throw bad("the maximum consecutive timeouts without an event must be an unsigned integer > 0");
  return {
    base: { customSet: base.custom_set ?? [], repair: base.repair ?? false, all: base.all ?? false },
    drops: toDrops(settings.syscall_event_drops),
    mostTimeouts,
    capture: toCapture(settings.capture),
    followFiles: settings.watch_config_files ?? DEFAULT_WATCHING.followFiles,
    kernel: toKernel(settings),
  };
}

function toKernel({ engine: { modern_ebpf: keys }, falco_libs: libs }: WatchingSettings): KernelConfig {
  const { bufferBytes, cpusForEachBuffer, snaplen } = DEFAULT_WATCHING.kernel;
  return {
    bufferBytes: keys.buf_size_preset === undefined ? bufferBytes : MEGABYTE * 2 ** (keys.buf_size_preset - 1),
    cpusForEachBuffer: keys.cpus_for_each_buffer ?? cpusForEachBuffer,
    dropFailed: keys.drop_failed_exit ?? false,
    noIterators: keys.disable_iterators ?? false,
    snaplen: Math.min(libs.snaplen || snaplen, MOST_SNAPLEN),
  };
}

function toDrops(settings: WatchingSettings["syscall_event_drops"]): DropConfig {
  const { drops } = DEFAULT_WATCHING;
  const threshold = settings.threshold === undefined ? drops.threshold : Number(settings.threshold);
  if (!(threshold >= 0 && threshold <= 1))
    throw bad("syscall event drops threshold must be a double in the range [0, 1]");
  const actions = settings.actions ?? drops.actions;
  for (const action of actions) {
    if (["ignore", "log", "alert", "exit"].includes(action)) continue;
    throw bad(`available actions for syscall event drops are "ignore", "log", "alert", and "exit", not "${action}"`);
  }
  if (actions.includes("ignore") && (actions.includes("log") || actions.includes("alert"))) {
    throw bad('syscall event drop action "ignore" can only be used with the "exit" action');
  }
  return {
    threshold,
    actions: actions.filter((action): action is DropAction => action !== "ignore"),
    rate: settings.rate ?? drops.rate,
    maxBurst: settings.max_burst ?? drops.maxBurst,
    simulate: settings.simulate_drops ?? drops.simulate,
  };
}

function toCapture(settings: WatchingSettings["capture"]): CaptureConfig | null {
  const { mode = "rules", before } = settings;
  if (mode !== "rules" && mode !== "all_rules")
    throw bad(`Invalid capture mode '${mode}'. Must be 'rules' or 'all_rules'.`);
  if (settings.enabled !== true) return null;
  return {
    prefix: settings.path_prefix ?? "/tmp/falco",
    mode,
    defaultDuration: settings.default_duration ?? 5000,
    mostBytes: (settings.max_file_size_mb ?? 0) * MEGABYTE,
    beforeBytes: (before.megabytes ?? 16) * MEGABYTE,
    beforeMs: (before.seconds ?? 5) * 1000,
  };
}
