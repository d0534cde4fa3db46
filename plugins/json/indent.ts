// SPDX-License-Identifier: Apache-2.0

/**
 * JSON text laid out with two blanks a level. Numbers, escapes and the order of members stay as they are written, which reading
 * and writing the value again would not keep. `compact` is valid JSON without white space between its parts.
 */
export function indent(compact: string): string {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  for (let i = 0; i < compact.length; i++) {
    switch (compact[i]) {
      case '"':
        for (i++; i < compact.length && compact[i] !== '"'; i++) if (compact[i] === "\\") i++;
        break;
      case "{":
      case "[": {
        const close = compact[i + 1];
        if (close === "}" || close === "]") {
          i++;
          break;
        }
        depth++;
        parts.push(compact.slice(from, i + 1), line());
        from = i + 1;
        break;
      }
      case "}":
      case "]":
        depth--;
        parts.push(compact.slice(from, i), line());
        from = i;
        break;
      case ",":
        parts.push(compact.slice(from, i + 1), line());
        from = i + 1;
        break;
      case ":":
        parts.push(compact.slice(from, i + 1), " ");
        from = i + 1;
        break;
      default:
    }
  }
  parts.push(compact.slice(from));
  return parts.join("");
}
