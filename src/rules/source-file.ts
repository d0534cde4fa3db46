// SPDX-License-Identifier: Apache-2.0

/** A place in a rules file. Line and column count from 1, offset from 0, all in characters. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** A rules file as it was read. */
export class SourceFile {
  private starts: number[] | undefined;

  constructor(
    readonly path: string,
    readonly content: string,
  ) {}

  place(offset: number): FilePlace {
    const starts = this.lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.path, line: low + 1, column: offset - (starts[low] as number) + 1, offset };
  }

  /** A line without its end, counted from 1; undefined beyond the file. */
  line(number: number): string | undefined {
    const starts = this.lineStarts();
    const start = starts[number - 1];
    if (start === undefined) return undefined;
    return this.content.slice(start, starts[number] ?? this.content.length).replace(/\r?\n$/, "");
  }

  private lineStarts(): number[] {
    if (this.starts !== undefined) return this.starts;
    const starts = [0];
    for (let at = this.content.indexOf("\n"); at >= 0; at = this.content.indexOf("\n", at + 1)) starts.push(at + 1);
    this.starts = starts;
    return starts;
  }
}
