// SPDX-License-Identifier: Apache-2.0

/**
 * Every error a user can meet, by code: what went wrong in a few words, and what to do. docs/errors.md lists the same
 * table; a test keeps them equal. Rule files have codes of their own (rules/diagnostic.ts), which are Falco's.
 */
export const ERRORS = {
  CAPTURE_OPEN: { title: "The capture file cannot be opened", remedy: "Check the path and that you may read it." },
  BENCH_SEED: { title: "A capture cannot be repeated for the bench", remedy: "Give the bench a capture that `peregrine read` reads." },
  BENCH_SPACE: { title: "No room for the bench's large capture", remedy: "Free disk space, or ask for fewer events." },
} as const satisfies Record<string, { title: string; remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A place in a file that a user can go to. Lines and columns count from 1; offset is in bytes. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
}

/** An error meant for a user: a code from the table, a sentence, a place. */
export class PeregrineError extends Error {
  override readonly name = "PeregrineError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
