// SPDX-License-Identifier: Apache-2.0

/** Rows as text columns: the first to the left, the others to the right, two blanks between them. */
export function columns(rows: readonly (readonly string[])[], indent = 2): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
      return " ".repeat(indent) + cells.join("  ").trimEnd();
    })
    .join("\n");
}

/** 1234567 as 1,234,567. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}
