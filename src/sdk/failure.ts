// SPDX-License-Identifier: Apache-2.0

/**
 * What a source throws from open or nextBatch. Anything else that is thrown counts as a fault of the plugin, which its host
 * answers by a restart.
 */
export class SourceFailure extends Error {
  /** True: the input may come back (a network, a service); nextBatch, or open, is called again after a pause that grows. */
  readonly retry: boolean;

  /** @param options without `retry` the source ends */
  constructor(message: string, options: { readonly retry?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "SourceFailure";
    this.retry = options.retry === true;
  }
}

/** What init and open throw on a configuration or open parameters that cannot be used: the user is told, nothing is retried. */
export class ConfigFailure extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = "ConfigFailure";
  }
}
