// SPDX-License-Identifier: Apache-2.0

import { ABSENT, type DictionaryBuffers, PathFlag } from "../../src/batch/dictionary.js";
import type { Interner } from "../../src/batch/interner.js";

const TOO_LONG = "/DIR_TOO_LONG/FILENAME_TOO_LONG";

/** Lexical path joining, written plainly: what Interner.join promises. */
export function joinPath(dir: string, name: string): string {
  const whole = name === "" ? dir : name.startsWith("/") ? name : `${dir}/${name}`;
  if (whole.length > 1024) return TOO_LONG;
  if (name === "") return "";
  const parts: string[] = [];
  const absolute = whole.startsWith("/");
  for (const part of whole.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return (absolute ? "/" : "") + parts.join("/");
}

function pathFlags(text: string): number {
  if (!text.startsWith("/")) return 0;
  if (text === "/") return PathFlag.ABSOLUTE | PathFlag.NORMAL;
  const parts = text.slice(1).split("/");
  const normal = text.length <= 1023 && !parts.some((part) => part === "" || part === "." || part === "..");
  return normal ? PathFlag.ABSOLUTE | PathFlag.NORMAL : PathFlag.ABSOLUTE;
}

/** The writing side of a dictionary in plain JavaScript, so that tests need no native addon. */
export class TestInterner implements Interner {
  private readonly ids = new Map<string, number>();
  private readonly texts: (string | undefined)[] = ["", ""];
  private readonly free: number[] = [];
  private readonly offsets: Uint32Array;
  private readonly lengths: Uint32Array;
  private readonly flags: Uint8Array;
  private readonly arena: Uint8Array;
  private end = 0;
  lost = 0;

  constructor(buffers: DictionaryBuffers) {
    this.offsets = new Uint32Array(buffers.offsets);
    this.lengths = new Uint32Array(buffers.lengths);
    this.flags = new Uint8Array(buffers.flags);
    this.arena = new Uint8Array(buffers.arena);
    this.ids.set("", 1);
  }

  get count(): number {
    return this.texts.length - 1 - this.free.length;
  }

  get bytes(): number {
    return this.end;
  }

  intern(text: string): number {
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    const id = this.free.pop() ?? this.texts.length;
    if (id >= this.offsets.length || this.end + text.length > this.arena.length) {
      this.lost++;
      return ABSENT;
    }
    this.texts[id] = text;
    this.ids.set(text, id);
    this.place(id, text);
    return id;
  }

  internBytes(bytes: Uint8Array, start: number, end: number): number {
    return this.intern(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
  }

  join(dir: number, name: number): number {
    return this.intern(joinPath(this.texts[dir] ?? "", this.texts[name] ?? ""));
  }

  /** Text of an id; undefined for an id that is not in use. */
  text(id: number): string | undefined {
    return this.texts[id];
  }

  sweep(marks: Uint8Array): void {
    this.end = 0;
    for (let id = 2; id < this.texts.length; id++) {
      const text = this.texts[id];
      if (text === undefined) continue;
      if (marks[id] !== 0) {
        this.place(id, text);
        continue;
      }
      this.texts[id] = undefined;
      this.ids.delete(text);
      this.free.push(id);
    }
    this.arena.fill(0x21, this.end);
  }

  private place(id: number, text: string): void {
    this.offsets[id] = this.end;
    this.lengths[id] = text.length;
    this.flags[id] = pathFlags(text);
    for (let i = 0; i < text.length; i++) this.arena[this.end + i] = text.charCodeAt(i);
    this.end += text.length;
  }
}
