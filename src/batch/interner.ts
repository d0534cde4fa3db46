// SPDX-License-Identifier: Apache-2.0

/** The writing side of the dictionary, implemented in native/. Ingest thread only. */
export interface Interner {
  /** Id of a binary string (one character a byte), added if it is new. ABSENT when the dictionary is full: counted in `lost`. */
  intern(text: string): number;
  /** Id of the bytes `bytes[start..end)`. */
  internBytes(bytes: Uint8Array, start: number, end: number): number;
  /**
   * Id of the path `name` seen from directory `dir`, normalised (spec: concatenate_paths): `dir` is ignored where `name`
   * is empty or absolute; "." and empty parts dropped, ".." removes the part before it, no trailing "/"; longer than 1,024
   * bytes: "/DIR_TOO_LONG/FILENAME_TOO_LONG".
   */
  join(dir: number, name: number): number;
  /** Strings held, and their bytes. */
  readonly count: number;
  readonly bytes: number;
  /** Strings that found no place since the start. */
  readonly lost: number;
  /**
   * Frees every id whose mark is 0 (marks[0] and marks[1] are ignored), moves the bytes of the rest together. Only while
   * no batch is in flight. Ids that stay keep their number.
   */
  sweep(marks: Uint8Array): void;
}
