// SPDX-License-Identifier: Apache-2.0

/** Lines of text as UTF-8, collected for one batch. The memory is kept from batch to batch. */
export class Chunk {
  private buffer: Buffer;
  private end = 0;
  private start = 0;

  constructor(bytes = 64 * 1024) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  get length(): number {
    return this.end;
  }

  /** What follows belongs to one event, and can be undone with rollback. */
  begin(): void {
    this.start = this.end;
  }

  /** Takes back what was written since begin. */
  rollback(): void {
    this.end = this.start;
  }

  /** Appends a line and its end. */
  line(text: string): void {
    const room = text.length * 3 + 1;
    if (this.buffer.length - this.end < room) this.grow(room);
    this.end += this.buffer.write(text, this.end, "utf8");
    this.buffer[this.end++] = 0x0a;
  }

  private grow(room: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.end + room));
    this.buffer.copy(grown, 0, 0, this.end);
    this.buffer = grown;
  }

  /** A copy of all lines, in memory of its own that can be transferred; the chunk is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.end);
    copy.set(this.buffer.subarray(0, this.end));
    this.clear();
    return copy;
  }

  clear(): void {
    this.end = 0;
    this.start = 0;
  }
}
