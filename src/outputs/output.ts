// SPDX-License-Identifier: Apache-2.0

/** Where alerts go. A chunk is one or more whole lines, in UTF-8, ends included. */
export interface Output {
  readonly name: string;
  /** Lines that could not be written, or not to their ends. */
  readonly lost: number;
  /** Opens the target, where it has to be opened. Throws a PeregrineError OUTPUT_WRITE. */
  open?(): void;
  /** The target may have been moved away: what comes next goes to one that is opened anew. */
  reopen?(): void;
  /** Writes the chunk, now or by the time the promise resolves. Throws, or rejects with, a PeregrineError OUTPUT_WRITE. */
  write(chunk: Buffer): void | Promise<void>;
  /** Writes what is held back and lets go of the target. */
  close(): void | Promise<void>;
}
