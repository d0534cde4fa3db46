// SPDX-License-Identifier: Apache-2.0

import type { Scalar } from "yaml";

import { scalarOffset } from "./scalar-place.js";
import type { FilePlace, SourceFile } from "./source-file.js";

/** From the UTF-8 of a text one character a byte: what conditions are parsed as. */
export function toBinary(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, "utf8").toString("latin1");
  }
  return text;
}

export function fromBinary(binary: string): string {
  return Buffer.from(binary, "latin1").toString("utf8");
}

/** A piece of a text: from a scalar of a file, all of a file, or made up on behalf of something at a fixed offset. */
interface Part {
  readonly start: number;
  readonly file: SourceFile;
  readonly origin: Scalar | "file" | number;
  /** Characters of the scalar's value in front of the piece. */
  readonly skip: number;
}

/** A condition or an output, put together from one or more places of the files. The value is a binary string. */
export class Text {
  private constructor(
    readonly value: string,
    private readonly parts: readonly Part[],
  ) {}

  static of(node: Scalar, file: SourceFile, trim = false): Text {
    const whole = String(node.value);
    const value = trim ? whole.trim() : whole;
    const skip = trim ? whole.length - whole.trimStart().length : 0;
    return new Text(toBinary(value), [{ start: 0, file, origin: node, skip }]);
  }

  /** A text that is all of a file. */
  static plain(value: string, file: SourceFile): Text {
    return new Text(toBinary(value), [{ start: 0, file, origin: "file", skip: 0 }]);
  }

  /** A text that stands for what is written at `offset`. */
  static made(value: string, file: SourceFile, offset: number): Text {
    return new Text(toBinary(value), [{ start: 0, file, origin: offset, skip: 0 }]);
  }

  static join(texts: readonly Text[]): Text {
    const parts: Part[] = [];
    const values: string[] = [];
    let length = 0;
    for (const text of texts) {
      for (const part of text.parts) parts.push({ ...part, start: part.start + length });
      values.push(text.value);
      length += text.value.length;
    }
    return new Text(values.join(""), parts);
  }

  /** This text, a blank, the other one: how appending works. */
  append(other: Text): Text {
    const last = this.parts.at(-1);
    if (last === undefined) return other;
    const blank = new Text(" ", [{ start: 0, file: last.file, origin: this.offset(this.value.length), skip: 0 }]);
    return Text.join([this, blank, other]);
  }

  place(index: number): FilePlace {
    return this.partAt(index).file.place(this.offset(index));
  }

  file(index: number): SourceFile {
    return this.partAt(index).file;
  }

  private offset(index: number): number {
    const part = this.partAt(index);
    if (typeof part.origin === "number") return part.origin;
    const characters = fromBinary(this.value.slice(part.start, index)).length;
    if (part.origin === "file") return characters;
    return scalarOffset(part.file.content, part.origin, part.skip + characters);
  }

  private partAt(index: number): Part {
    let found = this.parts[0] as Part;
    for (const part of this.parts) if (part.start <= index) found = part;
    return found;
  }
}
