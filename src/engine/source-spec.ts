// SPDX-License-Identifier: Apache-2.0

/** Where the events of a source come from, as plain data: the source itself is made of it in its ingest thread. */
export type SourceSpec = CaptureSpec;

/** A capture file, plain or gzip. */
export interface CaptureSpec {
  readonly kind: "capture";
  readonly path: string;
}
