// SPDX-License-Identifier: Apache-2.0

import { Worker } from "node:worker_threads";
import type { LogLevel, OpenParameter } from "../sdk/index.js";
import { PeregrineError } from "../telemetry/errors.js";
import type { PluginInfo } from "./info.js";
import type { InspectAnswer, InspectTask } from "./inspect-thread.js";
import { threadFlags } from "./thread-flags.js";

/** How long a plugin may take to be loaded and initialised, ms. */
const PATIENCE = 60_000;

export interface Inspected {
  readonly info: PluginInfo;
  readonly config: unknown;
  readonly openParameters: readonly OpenParameter[];
  /** Version of the C API that a library was made for; null: it is a module. */
  readonly api: string | null;
}

/**
 * Looks at a plugin in a thread of its own, that ends with it: what the plugin does there cannot hold up this one.
 * @param patience how long it may take, ms
 * @throws PeregrineError with a PLUGIN_ code
 */
export function inspectPlugin(
  task: InspectTask,
  memoryMb: number,
  log: (level: LogLevel, message: string) => void,
  patience: number = PATIENCE,
): Promise<Inspected> {
  const thread = new Worker(new URL("./inspect-thread.js", import.meta.url), {
    workerData: task,
    execArgv: threadFlags(),
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  const place = { file: task.ref.path };
  return new Promise<Inspected>((done, failed) => {
    const fail = (why: string, cause?: unknown): void => {
      failed(new PeregrineError("PLUGIN_LOAD", why, place, cause === undefined ? undefined : { cause }));
    };
    const timer = setTimeout(() => fail(`the plugin was not loaded within ${patience / 1000} seconds`), patience);
    thread.on("message", (message: InspectAnswer) => {
      if (message.kind === "log") log(message.level, message.message);
      else if (message.kind === "info") done(message);
      else failed(new PeregrineError(message.code, message.message, message.file === null ? {} : place));
    });
    thread.on("error", (cause) => fail(`the plugin broke while it was loaded: ${cause.message}`, cause));
    thread.on("exit", (code) => {
      clearTimeout(timer);
      fail(`the plugin ended its thread (${code}) while it was loaded`);
    });
  }).finally(() => thread.terminate());
}
