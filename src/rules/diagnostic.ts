// SPDX-License-Identifier: Apache-2.0

import { codeFrame } from "./code-frame.js";
import type { FilePlace, SourceFile } from "./source-file.js";

/** Why a rules file is rejected, by Falco's codes. */
export const LOAD_ERRORS = {
  LOAD_ERR_FILE_READ: "File read error",
  LOAD_ERR_YAML_PARSE: "YAML parse error",
  LOAD_ERR_YAML_VALIDATE: "Error validating internal structure of YAML file",
  LOAD_ERR_COMPILE_CONDITION: "Error compiling condition",
  LOAD_ERR_COMPILE_OUTPUT: "Error compiling output",
  LOAD_ERR_VALIDATE: "Error validating rule/macro/list/exception objects",
  LOAD_ERR_EXTENSION: "Error in extension item",
} as const;

/** What deserves a look in a rules file that loads, by Falco's codes. */
export const LOAD_WARNINGS = {
  LOAD_UNKNOWN_SOURCE: "Unknown event source",
  LOAD_UNSAFE_NA_CHECK: "Unsafe comparison with <NA>",
  LOAD_NO_EVTTYPE: "Condition has no event-type restriction",
  LOAD_UNKNOWN_FILTER: "Unknown field or event-type in condition or output",
  LOAD_UNUSED_MACRO: "Unused macro",
  LOAD_UNUSED_LIST: "Unused list",
  LOAD_UNKNOWN_ITEM: "Unknown rules file item",
  LOAD_DEPRECATED_ITEM: "Use of deprecated item",
  LOAD_WARNING_EXTENSION: "Warning in extension item",
  LOAD_APPEND_NO_VALUES: "Overriding/appending exception with no values",
  LOAD_EXCEPTION_NAME_NOT_UNIQUE: "Multiple exceptions defined with the same name",
  LOAD_INVALID_MACRO_NAME: "Invalid macro name",
  LOAD_INVALID_LIST_NAME: "Invalid list name",
  LOAD_COMPILE_CONDITION: "Condition compilation warning",
  LOAD_UNKNOWN_KEY: "Unknown key in item",
} as const;

export type LoadErrorCode = keyof typeof LOAD_ERRORS;
export type LoadWarningCode = keyof typeof LOAD_WARNINGS;

export type ItemType =
  | "value for"
  | "exceptions"
  | "exception"
  | "exception values"
  | "exception value"
  | "rules content"
  | "rules content item"
  | "required_engine_version"
  | "required plugin versions"
  | "required plugin versions entry"
  | "required plugin versions alternative"
  | "list"
  | "list item"
  | "macro"
  | "macro condition"
  | "rule"
  | "rule condition"
  | "condition expression"
  | "rule output"
  | "rule output expression"
  | "rule priority"
  | "overrides"
  | "extension item";

/** One step of the way from the whole file to the place of a diagnostic. */
export interface Location {
  readonly type: ItemType;
  readonly name: string;
  readonly place: FilePlace;
}

export interface Diagnostic extends FilePlace {
  readonly severity: "error" | "warning";
  readonly code: LoadErrorCode | LoadWarningCode;
  readonly message: string;
  /** The rule, macro or list that it is about; the type alone where that has no name. */
  readonly itemType: ItemType;
  readonly itemName: string;
  /** From the whole file to the most specific item. */
  readonly context: readonly Location[];
  /** The lines around the place, with a caret; "" where there is no text to show. */
  readonly frame: string;
  /** What to do about it; null where the message says it all. */
  readonly hint: string | null;
}

/** Parts of an item, which are no items themselves. */
const INNER: ReadonlySet<ItemType> = new Set([
  "value for",
  "exceptions",
  "exception values",
  "exception value",
  "list item",
  "macro condition",
  "rule condition",
  "condition expression",
  "rule output",
  "rule output expression",
  "rule priority",
  "overrides",
] as const);

/** Where something stands in a file: the items around it, innermost last. */
export class Context {
  private constructor(
    readonly file: SourceFile,
    readonly parent: Context | null,
    readonly type: ItemType,
    readonly name: string,
    readonly offset: number,
  ) {}

  static root(file: SourceFile): Context {
    return new Context(file, null, "rules content", "", 0);
  }

  enter(type: ItemType, name: string, offset: number): Context {
    return new Context(this.file, this, type, name, offset);
  }

  locations(): Location[] {
    const own = { type: this.type, name: this.name, place: this.file.place(this.offset) };
    return this.parent === null ? [own] : [...this.parent.locations(), own];
  }

  error(code: LoadErrorCode, message: string, hint: string | null = null): LoadFailure {
    return new LoadFailure(diagnose(this, "error", code, message, this.file.place(this.offset), this.file, hint));
  }

  warning(code: LoadWarningCode, message: string, hint: string | null = null): Diagnostic {
    return diagnose(this, "warning", code, message, this.file.place(this.offset), this.file, hint);
  }
}

/** A diagnostic at a place that may be more exact than its context (inside a condition). */
export function diagnose(
  context: Context,
  severity: "error" | "warning",
  code: LoadErrorCode | LoadWarningCode,
  message: string,
  place: FilePlace,
  file: SourceFile,
  hint: string | null,
): Diagnostic {
  const around = context.locations();
  // The innermost may be in another file than the rest: an append.
  const locations = around.map((location, i) => (i === around.length - 1 ? { ...location, place } : location));
  const item = locations.findLast((location) => !INNER.has(location.type)) ?? (locations[0] as Location);
  return {
    severity,
    code,
    message,
    ...place,
    itemType: item.type,
    itemName: item.name,
    context: locations,
    frame: codeFrame(file, place),
    hint,
  };
}

/** Stops one step of the reading of a file; see attempt. */
export class LoadFailure extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
  }
}

/** Takes a diagnostic. */
export type Report = (diagnostic: Diagnostic) => void;

/** Runs one step of reading or compiling. What is wrong is reported, and `otherwise` is what the next steps go on with. */
export function attempt<T, U>(fail: Report, step: () => T, otherwise: U): T | U {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    fail(error.diagnostic);
    return otherwise;
  }
}

/** Diagnostics as a person reads them, one block each. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const blocks = diagnostics.map((d) => {
    const short =
      d.severity === "error" ? LOAD_ERRORS[d.code as LoadErrorCode] : LOAD_WARNINGS[d.code as LoadWarningCode];
    const item = d.itemName === "" ? d.itemType : `${d.itemType} "${d.itemName}"`;
    const lines = [`${d.file}:${d.line}:${d.column}: ${d.severity} ${d.code} (${short}) in ${item}`, `  ${d.message}`];
    if (d.frame !== "") lines.push(d.frame);
    if (d.hint !== null) lines.push(`  hint: ${d.hint}`);
    return lines.join("\n");
  });
  return blocks.join("\n\n");
}
