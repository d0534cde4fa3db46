// SPDX-License-Identifier: Apache-2.0

/** A wrong escape in a quoted string; index counts from the opening quote. */
export class UnquoteError extends Error {
  constructor(
    message: string,
    readonly index: number,
  ) {
    super(message);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  "/": "/",
  // Backslash and blank are a backslash: the only way to end a string with one.
  " ": "\\",
};

/**
 * The value of a quoted string.
 * @param token with its quotes, a binary string; so is the result: `\xHH` is one byte
 * @throws UnquoteError
 */
export function unquote(token: string): string {
  const delimiter = token.charAt(0);
  const body = token.slice(1, -1);
  if (!body.includes("\\")) return body;
  let value = "";
  for (let i = 0; i < body.length; i++) {
    const c = body.charAt(i);
    if (c !== "\\") {
      value += c;
      continue;
    }
    const letter = body.charAt(++i);
    const plain = ESCAPES[letter];
    if (plain !== undefined) value += plain;
    else if (letter === delimiter) value += letter;
    else if (letter === "x") {
      const digits = body.slice(i + 1, i + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new UnquoteError("invalid \\x escape: two hex digits expected", i);
      value += String.fromCharCode(Number.parseInt(digits, 16));
      i += 2;
    } else if (letter === '"' || letter === "'") {
      throw new UnquoteError(`invalid \\${letter} escape in ${delimiter}-quoted string`, i);
    } else throw new UnquoteError(`unsupported string escape sequence: \\${letter}`, i);
  }
  return value;
}

/**
 * A binary string between double quotes, so that `unquote` gives it back.
 * @param exact false: as Falco prints it, where a string that ends with a backslash cannot be read again
 */
export function quote(value: string, exact = true): string {
  let token = '"';
  for (const c of value) {
    const code = c.charCodeAt(0);
    const named = { "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" }[c];
    if (named !== undefined) token += named;
    else token += exact && code < 0x20 ? `\\x${code.toString(16).padStart(2, "0")}` : c;
  }
  // `\\"` would not end the string.
  return exact && token.endsWith("\\\\") ? `${token.slice(0, -1)} "` : `${token}"`;
}
