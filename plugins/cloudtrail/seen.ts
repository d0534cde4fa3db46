// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import type { RecordFacts } from "./record-check.js";

/** Words of a fingerprint. */
const WORDS = 4;
const BYTES = WORDS * 4;

/**
 * Recognises records that were delivered before, within a window of the last `window` to 2 * `window` records. A record is known by
 * its eventID together with all its other bytes: AWS promises that an ID is unique, but only the same bytes are surely the same
 * event. Records without an ID are always new.
 *
 * Two generations of fingerprints: when the younger one is full it becomes the older one, and the older one is forgotten. With a
 * file they outlive the process: fingerprints are written when their records have been acknowledged, 16 bytes each.
 */
export class SeenRecords {
  #young: FingerprintSet;
  #old: FingerprintSet;
  readonly #print = new Uint32Array(WORDS);
  /** Fingerprints of records that are delivered and not acknowledged yet, oldest first. */
  #open: Uint32Array[] = [];
  #acknowledged = 0;
  #file = -1;
  #written = 0;

  constructor(
    readonly window: number,
    readonly path: string | null,
  ) {
    this.#young = new FingerprintSet(window);
    this.#old = new FingerprintSet(window);
    if (path !== null) this.#load(path);
  }

  /** Whether the record came before. If not, it has now. */
  has(b: Uint8Array, start: number, end: number, facts: RecordFacts): boolean {
    if (facts.idStart === -1 || facts.idStart === facts.idEnd) return false;
    const print = this.#print;
    fingerprint(b, start, end, print);
    if (this.#old.has(print) || this.#young.has(print)) return true;
    this.#add(print);
    if (this.path !== null) this.#open.push(print.slice());
    return false;
  }

  /** How many records have been noted so far: what `acknowledge` takes, once these are delivered. */
  get noted(): number {
    return this.#acknowledged + this.#open.length;
  }

  /** The first `noted` records are acknowledged, and will be known after a restart. */
  acknowledge(noted: number): void {
    const count = noted - this.#acknowledged;
    if (this.path === null || count <= 0) return;
    const prints = this.#open.splice(0, count);
    this.#acknowledged = noted;
    const bytes = Buffer.alloc(prints.length * BYTES);
    for (const [i, print] of prints.entries()) {
      for (let w = 0; w < WORDS; w++) bytes.writeUInt32LE(print[w] ?? 0, i * BYTES + w * 4);
    }
    if (this.#file === -1) this.#file = openSync(this.path, "a", 0o600);
    writeSync(this.#file, bytes);
    this.#written += prints.length;
    if (this.#written >= this.window) this.#rotate(this.path);
  }

  close(): void {
    if (this.#file !== -1) closeSync(this.#file);
    this.#file = -1;
  }

  #add(print: Uint32Array): void {
    if (this.#young.full) {
      const forgotten = this.#old;
      this.#old = this.#young;
      this.#young = forgotten;
      this.#young.clear();
    }
    this.#young.add(print);
  }

  #rotate(path: string): void {
    this.close();
    renameSync(path, `${path}.old`);
    this.#written = 0;
  }

  #load(path: string): void {
    const print = new Uint32Array(WORDS);
    for (const name of [`${path}.old`, path]) {
      const bytes = readIfThere(name);
      // A record that was being written when the process ended is cut off.
      for (let at = 0; at + BYTES <= bytes.length; at += BYTES) {
        for (let w = 0; w < WORDS; w++) print[w] = bytes.readUInt32LE(at + w * 4);
        this.#add(print);
      }
      this.#written = Math.floor(bytes.length / BYTES);
      if (name === path && bytes.length % BYTES !== 0) this.#rotate(path);
    }
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Open addressing; a fingerprint of zeros stands for an empty place, and is taken for one that is never seen. */
class FingerprintSet {
  readonly #table: Uint32Array;
  readonly #mask: number;
  #size = 0;

  constructor(readonly capacity: number) {
    let places = 16;
    while (places < capacity * 2) places *= 2;
    this.#mask = places - 1;
    this.#table = new Uint32Array(places * WORDS);
  }

  get full(): boolean {
    return this.#size >= this.capacity;
  }

  has(print: Uint32Array): boolean {
    return this.#find(print) < 0;
  }

  add(print: Uint32Array): void {
    const at = this.#find(print);
    if (at < 0) return;
    this.#table.set(print, at);
    this.#size++;
  }

  clear(): void {
    this.#table.fill(0);
    this.#size = 0;
  }

  /** The free place for `print`, or a negative number where it is there. */
  #find(print: Uint32Array): number {
    const table = this.#table;
    const [a, b, c, d] = print as unknown as readonly [number, number, number, number];
    for (let place = a & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = place * WORDS;
      if (table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0) return at;
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return -1;
    }
  }
}

/**
 * 128 bits of the bytes: four lanes that take turns, mixed at the end. No cryptographic hash: to make a record that is taken for an
 * earlier one, somebody would have to know the eventID that AWS is going to give it.
 */
function fingerprint(b: Uint8Array, start: number, end: number, out: Uint32Array): void {
  let h0 = 0x9e3779b9 ^ (end - start);
  let h1 = 0x85ebca6b;
  let h2 = 0xc2b2ae35;
  let h3 = 0x27d4eb2f;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    h0 = Math.imul(h0 ^ (b[i] as number), 0x01000193);
    h1 = Math.imul(h1 ^ (b[i + 1] as number), 0x5bd1e995);
    h2 = Math.imul(h2 ^ (b[i + 2] as number), 0x1b873593);
    h3 = Math.imul(h3 ^ (b[i + 3] as number), 0xcc9e2d51);
  }
  for (; i < end; i++) h0 = Math.imul(h0 ^ (b[i] as number), 0x01000193);
  out[0] = mix(h0 ^ Math.imul(h1, 3) ^ (h2 >>> 7));
  out[1] = mix(h1 ^ Math.imul(h2, 5) ^ (h3 >>> 11));
  out[2] = mix(h2 ^ Math.imul(h3, 7) ^ (h0 >>> 13));
  out[3] = mix(h3 ^ Math.imul(h0, 9) ^ (h1 >>> 17));
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
