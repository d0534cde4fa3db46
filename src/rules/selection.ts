// SPDX-License-Identifier: Apache-2.0

/** One step of choosing the rules to run, after each rule's own `enabled`. */
export interface Selection {
  readonly enable: boolean;
  /** A name in which `*` stands for any text. */
  readonly rule?: string;
  readonly tag?: string;
}

/**
 * Whether a name fits a pattern. Between the asterisks each text is looked for once, at its first place, and never again
 * further on, as in Falco: `*b` does not fit `abb`.
 */
export function matchesWildcard(pattern: string, name: string): boolean {
  const [head = "", ...pieces] = pattern.split("*");
  if (!name.startsWith(head)) return false;
  if (pieces.length === 0) return name === head;
  let at = head.length;
  for (const piece of pieces) {
    if (piece === "") continue;
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return pieces.at(-1) === "" || at === name.length;
}

export interface Selectable {
  readonly name: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
}

/** The rules that run, in evaluation order: one that a step enables again goes to the end. */
export function selectRules<T extends Selectable>(rules: readonly T[], steps: readonly Selection[]): T[] {
  const running = new Set(rules.filter((rule) => rule.enabled));
  const apply = (enable: boolean, fits: (rule: T) => boolean): void => {
    for (const rule of rules) {
      if (!fits(rule)) continue;
      if (enable) running.add(rule);
      else running.delete(rule);
    }
  };
  for (const { enable, rule, tag } of steps) {
    if (rule !== undefined) apply(enable, ({ name }) => matchesWildcard(rule, name));
    if (tag !== undefined) apply(enable, ({ tags }) => tags.includes(tag));
  }
  return [...running];
}
