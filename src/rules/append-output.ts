// SPDX-License-Identifier: Apache-2.0

/** What is added to the outputs of the rules that fit. Texts are as in the configuration file. */
export interface AppendOutput {
  readonly match?: { readonly source?: string; readonly rule?: string; readonly tags?: readonly string[] };
  /** Added to the template behind a blank. */
  readonly extraOutput?: string;
  /** Whether fields that are suggested for outputs are added too, as `foo_bar=%foo.bar`. */
  readonly suggested?: boolean;
  /** Added to the alert's fields: a field by its own name, or a template under a name. */
  readonly extraFields?: readonly ExtraField[];
}

export interface ExtraField {
  readonly name: string;
  /** null: the name is a field, whose typed value is shown. */
  readonly template: string | null;
}

/**
 * The fields that the container plugin suggests for outputs of system calls. The engine knows containers by itself, so it
 * suggests them itself.
 */
const CONTAINER_SUGGESTS = [
  "container.id",
  "container.name",
  "container.image.repository",
  "container.image.tag",
  "k8s.pod.name",
  "k8s.ns.name",
] as const;

/** The text that suggested fields of a source add; "" where there are none. */
export function suggestedOutput(source: string, others: Iterable<string>, exists: (field: string) => boolean): string {
  const fields = [...(source === "syscall" ? CONTAINER_SUGGESTS : []), ...others].filter(exists);
  return fields.map((field) => `${field.replaceAll(".", "_")}=%${field}`).join(" ");
}

export interface OutputOwner {
  readonly name: string;
  readonly source: string;
  readonly tags: readonly string[];
}

/** The entries that apply to a rule, in their order. */
export function outputsFor(rule: OutputOwner, entries: readonly AppendOutput[]): AppendOutput[] {
  return entries.filter(({ match = {} }) => {
    if (match.source !== undefined && match.source !== "" && match.source !== rule.source) return false;
    if (match.rule !== undefined && match.rule !== "" && match.rule !== rule.name) return false;
    return (match.tags ?? []).every((tag) => rule.tags.includes(tag));
  });
}
