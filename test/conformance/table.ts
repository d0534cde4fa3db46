// SPDX-License-Identifier: Apache-2.0

/** Rows under a header, columns padded to their widest cell; all but the first column stand to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]): string =>
    widths.map((width, i) => (i === 0 ? (row[i] ?? "").padEnd(width) : (row[i] ?? "").padStart(width))).join("  ");
  return all.map((row) => line(row).trimEnd()).join("\n");
}
