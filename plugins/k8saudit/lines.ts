// SPDX-License-Identifier: Apache-2.0

/** Cuts bytes that come in pieces into lines. A line is a view of a piece, or of a copy where it spans several. */
export class Lines {
  #parts: Uint8Array[] = [];
  #length = 0;
  #dropping = false;

  /** @param longest lines that are longer are given up to this length, and the rest of them is dropped */
  constructor(readonly longest: number) {}

  /** Bytes of the line that has begun and not ended. */
  get rest(): number {
    return this.#length;
  }

  *feed(piece: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, from)) {
      const line = piece.subarray(from, at);
      from = at + 1;
      if (this.#dropping) this.#dropping = false;
      else yield this.#whole(line);
    }
    const rest = piece.subarray(from);
    if (rest.length === 0 || this.#dropping) return;
    this.#parts.push(rest);
    this.#length += rest.length;
    if (this.#length > this.longest) {
      this.#dropping = true;
      yield this.#whole(new Uint8Array(0));
    }
  }

  /** What is left at the end of the input. */
  finish(): Uint8Array {
    return this.#whole(new Uint8Array(0));
  }

  #whole(last: Uint8Array): Uint8Array {
    if (this.#parts.length === 0) return last;
    const line = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
