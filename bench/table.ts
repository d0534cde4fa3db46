// SPDX-License-Identifier: Apache-2.0

/** A table: the first column is text, the others are aligned to the right. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** As GitHub shows it. Bars in cells are escaped. */
export function markdownTable(table: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = table.head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [line(table.head), `|${rule.join("|")}|`, ...table.rows.map(line)].join("\n");
}

/** For a terminal: columns two blanks apart. */
export function textTable(table: Table): string {
  const widths = table.head.map((head, i) => Math.max(head.length, ...table.rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width)))
      .join("  ")
      .trimEnd();
  return [line(table.head), widths.map((width) => "-".repeat(width)).join("  "), ...table.rows.map(line)].join("\n");
}

/** 1234567 -> "1.23 M"; three digits that count. */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return "-";
  if (perSecond >= 1e6) return `${digits(perSecond / 1e6)} M`;
  if (perSecond >= 1e3) return `${digits(perSecond / 1e3)} k`;
  return digits(perSecond);
}

/** Three digits that count, no exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

export function mib(bytes: number): string {
  return Number.isFinite(bytes) ? `${digits(bytes / (1 << 20))} MiB` : "-";
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "-";
}
