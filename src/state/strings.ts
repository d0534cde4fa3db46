// SPDX-License-Identifier: Apache-2.0

import { ABSENT, type DictionaryBuffers, EMPTY, PathFlag } from "../batch/dictionary.js";
import type { Interner } from "../batch/interner.js";

/** Remembers one id for a pair of ids: direct-mapped, so its size is fixed and a forgotten pair is just worked out again. */
export class PairMemo {
  private readonly table: Int32Array;
  private readonly mask: number;

  /** @param size entries, a power of two */
  constructor(size: number) {
    this.table = new Int32Array(size * 4);
    this.mask = size - 1;
  }

  /** The id for (a, b), 0 where it is not remembered. `a` is not 0. */
  get(a: number, b: number): number {
    const at = this.place(a, b);
    return this.table[at] === a && this.table[at + 1] === b ? (this.table[at + 2] as number) : 0;
  }

  set(a: number, b: number, value: number): void {
    const at = this.place(a, b);
    this.table[at] = a;
    this.table[at + 1] = b;
    this.table[at + 2] = value;
  }

  clear(): void {
    this.table.fill(0);
  }

  private place(a: number, b: number): number {
    let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    h ^= h >>> 15;
    return (h & this.mask) << 2;
  }
}

/** The strings that the state stage makes out of others, each worked out once while it is remembered. */
export class Strings {
  /** Bytes of all strings, and where each begins and how long it is. */
  readonly arena: Uint8Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  private readonly flags: Uint8Array;
  private readonly buffer: Buffer;
  private readonly joined = new PairMemo(1 << 14);
  private readonly folders = new PairMemo(1 << 10);
  private readonly cmdlines = new PairMemo(1 << 13);

  /** Constants, interned again after each sweep. */
  na = 0;
  host = 0;
  root = 0;
  unknown = 0;

  constructor(
    buffers: DictionaryBuffers,
    readonly interner: Interner,
  ) {
    this.offsets = new Uint32Array(buffers.offsets);
    this.lengths = new Uint32Array(buffers.lengths);
    this.flags = new Uint8Array(buffers.flags);
    this.arena = new Uint8Array(buffers.arena);
    this.buffer = Buffer.from(buffers.arena);
    this.constants();
  }

  private constants(): void {
    this.na = this.interner.intern("<NA>");
    this.host = this.interner.intern("host");
    this.root = this.interner.intern("/");
    this.unknown = this.interner.intern("<UNKNOWN>");
  }

  text(id: number): string {
    const offset = this.offsets[id] as number;
    return this.buffer.toString("latin1", offset, offset + (this.lengths[id] as number));
  }

  mark(marks: Uint8Array): void {
    for (const id of [this.na, this.host, this.root, this.unknown]) marks[id] = 1;
  }

  /** After a sweep: what is remembered by id may mean other strings now. */
  forget(): void {
    this.joined.clear();
    this.folders.clear();
    this.cmdlines.clear();
    this.constants();
  }

  isAbsolute(id: number): boolean {
    return ((this.flags[id] as number) & PathFlag.ABSOLUTE) !== 0;
  }

  /** `name` seen from directory `dir`, normalised. */
  path(dir: number, name: number): number {
    if (((this.flags[name] as number) & PathFlag.NORMAL) !== 0) return name;
    const from = this.isAbsolute(name) || dir === ABSENT ? EMPTY : dir;
    const known = this.joined.get(name, from);
    if (known !== 0) return known;
    const path = this.interner.join(from, name);
    if (path !== ABSENT) this.joined.set(name, from, path);
    return path;
  }

  /** A path as a working directory: with a "/" at its end. */
  folder(path: number): number {
    const length = this.lengths[path] as number;
    if (length > 0 && this.arena[(this.offsets[path] as number) + length - 1] === 0x2f) return path;
    const known = this.folders.get(path, 0);
    if (known !== 0) return known;
    const folder = this.interner.intern(`${this.text(path)}/`);
    if (folder !== ABSENT) this.folders.set(path, 0, folder);
    return folder;
  }

  /** The command line: the command's name and its arguments (NUL separated), one blank between them. */
  cmdline(comm: number, args: number): number {
    if (args === ABSENT || args === EMPTY || comm === ABSENT) return comm;
    const known = this.cmdlines.get(comm, args);
    if (known !== 0) return known;
    const line = this.interner.intern(`${this.text(comm)} ${this.text(args).replaceAll("\0", " ")}`);
    if (line !== ABSENT) this.cmdlines.set(comm, args, line);
    return line;
  }
}
