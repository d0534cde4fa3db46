// SPDX-License-Identifier: Apache-2.0

/** Writes a request: little-endian, every value at a multiple of 4. */
export class RequestWriter {
  private buffer = Buffer.alloc(256);
  private size = 0;

  word(value: number): this {
    this.room(4);
    this.size = this.buffer.writeUInt32LE(value, this.size);
    return this;
  }

  wide(value: bigint): this {
    this.room(8);
    this.size = this.buffer.writeBigUInt64LE(value, this.size);
    return this;
  }

  /** UTF-8; a NUL ends a text for its reader, so what stands behind one is cut off. */
  text(value: string): this {
    return this.put(Buffer.from(value.split("\0", 1)[0] ?? ""));
  }

  /** A binary string: one byte a character, NULs as well. */
  binary(value: string): this {
    return this.put(Buffer.from(value, "latin1"));
  }

  private put(bytes: Buffer): this {
    this.word(bytes.length);
    this.room((bytes.length + 3) & ~3);
    this.buffer.fill(0, this.size, this.size + ((bytes.length + 3) & ~3));
    bytes.copy(this.buffer, this.size);
    this.size += (bytes.length + 3) & ~3;
    return this;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.buffer.buffer, this.buffer.byteOffset, this.size);
  }

  private room(size: number): void {
    if (this.size + size <= this.buffer.length) return;
    const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.size + size));
    this.buffer.copy(larger, 0, 0, this.size);
    this.buffer = larger;
  }
}

/** Reads an answer; what is not there reads as 0 and "", and marks the reader as failed. */
export class AnswerReader {
  private readonly buffer: Buffer;
  private at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  word(): number {
    if (!this.has(4)) return 0;
    this.at += 4;
    return this.buffer.readUInt32LE(this.at - 4);
  }

  wide(): bigint {
    if (!this.has(8)) return 0n;
    this.at += 8;
    return this.buffer.readBigUInt64LE(this.at - 8);
  }

  double(): number {
    if (!this.has(8)) return 0;
    this.at += 8;
    return this.buffer.readDoubleLE(this.at - 8);
  }

  text(): string {
    const size = this.word();
    if (!this.has(size)) return "";
    const start = this.at;
    this.at += (size + 3) & ~3;
    return this.buffer.toString("utf8", start, start + size);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.buffer.subarray(this.at);
  }

  private has(size: number): boolean {
    if (this.at + size > this.buffer.length) this.failed = true;
    return !this.failed;
  }
}
