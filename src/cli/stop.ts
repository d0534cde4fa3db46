// SPDX-License-Identifier: Apache-2.0

/** SIGINT and SIGTERM ask for an orderly end; a second one ends the process at once. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Gives the signals back their usual meaning. */
  off(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function stopOnSignals(): StopSignal {
  const controller = new AbortController();
  const handler = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return {
    signal: controller.signal,
    off: () => {
      for (const signal of SIGNALS) process.off(signal, handler);
    },
  };
}
