// SPDX-License-Identifier: Apache-2.0

import { type Diagnostic, LOAD_ERRORS, type LoadErrorCode, type LoadWarningCode } from "./diagnostic.js";
import type { FileResult } from "./load.js";
import { SourceFile } from "./source-file.js";

/** What each warning means, in a sentence or two. */
const WARNING_TEXTS: Readonly<Record<LoadWarningCode, string>> = {
  LOAD_UNKNOWN_SOURCE:
    "The rule is for an event source that is not there, as when its plugin is not loaded. It is left out.",
  LOAD_UNSAFE_NA_CHECK: "The condition compares with the text <NA>, which no value has: use exists instead.",
  LOAD_NO_EVTTYPE: "The condition holds on too many event types, so it is tried on far more events than others.",
  LOAD_UNKNOWN_FILTER: "The rule names a field or event type that is not there and allows for that. It is left out.",
  LOAD_UNUSED_MACRO: "No rule and no other macro names the macro.",
  LOAD_UNUSED_LIST: "No rule, macro or other list names the list.",
  LOAD_UNKNOWN_ITEM: "The item is none that rules files have. It is ignored.",
  LOAD_DEPRECATED_ITEM: "The item or field works, but there is a newer way that should be used.",
  LOAD_WARNING_EXTENSION: "An extension item gave a warning.",
  LOAD_APPEND_NO_VALUES: "The exception is appended to without any values, which does nothing.",
  LOAD_EXCEPTION_NAME_NOT_UNIQUE: "A rule has more than one exception of the same name.",
  LOAD_INVALID_MACRO_NAME: "The macro has a name that no condition can use.",
  LOAD_INVALID_LIST_NAME: "The list has a name that no condition can use.",
  LOAD_COMPILE_CONDITION:
    "The condition compiles, but it may mean something else than was wanted, or be slower than need be.",
  LOAD_UNKNOWN_KEY: "The item has a key that has no meaning there. It is ignored.",
};

/** Characters of a line that a snippet shows. */
const WIDTH = 160;

/**
 * The verdict on one file for programs, in the form of Falco's `falco_load_results`. Lines and columns count from 0 there.
 * Falco stops at the first error, so `errors` has that one and `more_errors`, which Falco does not have, all others.
 * @param content the file's text
 */
export function fileReport({ path, diagnostics, schemaWarnings }: FileResult, content: string): object {
  const file = new SourceFile(path, content);
  const errors = diagnostics
    .filter(({ severity }) => severity === "error")
    .map((each) => entry(each, LOAD_ERRORS[each.code as LoadErrorCode], file));
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  return {
    name: path,
    successful: errors.length === 0,
    ...(schemaWarnings === null ? {} : { schema_valid: schemaWarnings.length === 0, schema_warnings: schemaWarnings }),
    errors: errors.slice(0, 1),
    ...(errors.length > 1 ? { more_errors: errors.slice(1) } : {}),
    warnings: warnings.map((each) => entry(each, WARNING_TEXTS[each.code as LoadWarningCode], file)),
  };
}

function entry(diagnostic: Diagnostic, codedesc: string, file: SourceFile): object {
  const { code, message, context } = diagnostic;
  const deprecated = code === "LOAD_DEPRECATED_ITEM" ? /deprecated field '([^']+)'/.exec(message)?.[1] : undefined;
  return {
    code,
    codedesc,
    message,
    ...(deprecated === undefined ? {} : { deprecated_field: deprecated }),
    context: {
      locations: context.map(({ type, name, place }) => ({
        item_type: type,
        item_name: name,
        position: { name: place.file, line: place.line - 1, column: place.column - 1, offset: place.offset },
      })),
      snippet: snippet(diagnostic, file),
    },
  };
}

/** The line of the place and one with a caret; "" where the place is in another file. */
function snippet({ file, line, column }: Diagnostic, source: SourceFile): string {
  const text = file === source.path ? source.line(line) : undefined;
  if (text === undefined) return "";
  const from = column > WIDTH ? column - 1 - WIDTH / 2 : 0;
  return `${text.slice(from, from + WIDTH)}\n${" ".repeat(column - 1 - from)}^\n`;
}
