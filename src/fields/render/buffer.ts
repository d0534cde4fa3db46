// SPDX-License-Identifier: Apache-2.0

/** Bytes as they are shown: printable ASCII as it is, all else as ".". */
export function printable(bytes: string): string {
  return bytes.replace(/[^\x20-\x7e]/g, ".");
}
