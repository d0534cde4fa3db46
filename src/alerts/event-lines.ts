// SPDX-License-Identifier: Apache-2.0

import type { FieldResolver } from "../fields/field.js";
import { decodeUtf8 } from "../fields/json-text.js";
import type { EventView } from "../fields/view.js";
import type { Chunk } from "./chunk.js";
import type { Encoder } from "./encoder.js";
import { FieldSet, Template } from "./format.js";
import { fieldOf, type Part } from "./output-plan.js";

/** Control characters that would break a line or a column, and the backslash that marks them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\x00-\x1f\x7f-\x9f\\]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const EACH_CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

function escaped(c: string): string {
  if (c === "\n") return "\\n";
  if (c === "\r") return "\\r";
  if (c === "\t") return "\\t";
  return `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** A binary string as text that stays on its line and in its column. */
function safe(binary: string): string {
  const text = decodeUtf8(binary);
  return UNSAFE.test(text) ? text.replace(EACH_CONTROL, escaped) : text;
}

/** Events by a template, one a line. */
export class TemplateLines implements Encoder {
  private readonly set = new FieldSet();
  private readonly template: Template;

  /** @param tolerant whether events that lack a value are shown too, with `<NA>` in its place */
  constructor(
    parts: readonly Part[],
    private readonly tolerant: boolean,
    resolver: FieldResolver,
  ) {
    this.template = new Template(parts, this.set, resolver, "syscall");
  }

  encode(e: EventView, _hits: Int32Array, _count: number, out: Chunk): void {
    const { template } = this;
    const values = this.set.values(e);
    const text = this.tolerant ? template.text(e, values) : template.strictText(e, values);
    if (this.tolerant || template.complete) out.line(safe(text));
  }
}

/** Events as columns with tabs between them; `<NA>` for a field without a value. */
export class FieldLines implements Encoder {
  private readonly fields;

  constructor(fields: readonly string[], resolver: FieldResolver) {
    this.fields = fields.map((name) => fieldOf(name, resolver, "syscall"));
  }

  encode(e: EventView, _hits: Int32Array, _count: number, out: Chunk): void {
    let line = "";
    for (let i = 0; i < this.fields.length; i++) {
      const { text } = this.fields[i].value(e);
      if (i > 0) line += "\t";
      line += text === null ? "<NA>" : safe(text);
    }
    out.line(line);
  }
}

/** Events as JSON objects, one a line: the fields in the order asked for, null for one without a value. */
export class JsonLines implements Encoder {
  private readonly fields;

  constructor(fields: readonly string[], resolver: FieldResolver) {
    this.fields = [...new Set(fields)].map((name) => ({
      key: `${JSON.stringify(name)}:`,
      field: fieldOf(name, resolver, "syscall"),
    }));
  }

  encode(e: EventView, _hits: Int32Array, _count: number, out: Chunk): void {
    let line = "";
    for (const { key, field } of this.fields) line += `${line === "" ? "{" : ","}${key}${field.value(e).json}`;
    out.line(line === "" ? "{}" : `${line}}`);
  }
}
