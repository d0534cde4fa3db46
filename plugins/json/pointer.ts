// SPDX-License-Identifier: Apache-2.0

/**
 * The keys of a JSON pointer: `/a/b~1c/0` is a, b/c, 0. The slash at the start may be left out; an empty pointer is the whole
 * document. `~0` is a tilde, `~1` a slash.
 */
export function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  const path = pointer.startsWith("/") ? pointer.slice(1) : pointer;
  return path.split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}
