// SPDX-License-Identifier: Apache-2.0

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * JSON.parse that keeps every digit: an integer that a Number cannot hold becomes the text "#digits". Two such results
 * are equal exactly where the JSON values are.
 */
export function parseExact(line: string): unknown {
  const quoted = line.replace(TOKEN, (token) =>
    token.length < 16 || token.startsWith('"') ? token : `"#${BigInt(token).toString()}"`,
  );
  return JSON.parse(quoted);
}

/** What parseExact makes of an integer. */
export function exact(value: bigint): number | string {
  const digits = value.toString();
  return digits.length < 16 ? Number(digits) : `#${digits}`;
}

/** Text of a JSON value with keys in order: equal texts, equal values. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

export function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError("an object was expected");
  return value as Readonly<Record<string, unknown>>;
}
