// SPDX-License-Identifier: Apache-2.0

/** SIGINT, SIGTERM and SIGHUP ask for an orderly end; a second one ends the process at once. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Whether a signal asked for the end. */
  readonly asked: boolean;
  /** Ends the work as a signal would. */
  stop(): void;
  /** Gives the signals back their usual meaning. */
  off(): void;
}

/** What a shell says of a process that a signal has ended. */
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** @param hangup what SIGHUP does instead of asking for the end */
export function stopOnSignals(hangup?: () => void): StopSignal {
  const controller = new AbortController();
  let asked = false;
  const end = (signal: keyof typeof STATUS): void => {
    if (asked) process.exit(STATUS[signal]);
    asked = true;
    controller.abort();
  };
  const handlers = {
    SIGINT: () => end("SIGINT"),
    SIGTERM: () => end("SIGTERM"),
    SIGHUP: hangup ?? (() => end("SIGHUP")),
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return {
    signal: controller.signal,
    get asked() {
      return asked;
    },
    stop: () => controller.abort(),
    off: () => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
    },
  };
}
