// SPDX-License-Identifier: Apache-2.0

import type { SectionHeader } from "../capture/source.js";
import type { SourceInfo } from "../fields/view.js";

/*
 * What is known of the source, for all threads: one SharedArrayBuffer.
 *
 *   w0 bytes of JSON   w1-2 time of the first event (ns, low, high; 0 = none yet)   w3 1: that time is known   w4.. JSON
 *
 * Ingest writes the JSON when a section begins and no batch is in flight, and the time before the first batch is
 * published. A worker reads both when a batch's section differs from the last one's. Publishing orders the two.
 */

const HEADER_WORDS = 4;
const BYTES = 256 * 1024;

export function createInfo(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_WORDS * 4 + BYTES);
}

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Ingest's side. */
export class InfoWriter {
  private readonly words: Int32Array;
  private readonly bytes: Buffer;

  constructor(
    buffer: SharedArrayBuffer,
    private readonly name: string,
  ) {
    this.words = new Int32Array(buffer, 0, HEADER_WORDS);
    this.bytes = Buffer.from(buffer, HEADER_WORDS * 4);
  }

  /** A section begins; only while no batch is in flight. Of very many addresses those that find no place are left out. */
  begin(header: SectionHeader): void {
    const addresses = header.interfaces.map((entry) => binary(entry.address));
    let json = "";
    do {
      json = JSON.stringify({
        name: this.name,
        hostname: header.machine?.hostname ?? "",
        bootTime: String(header.machine?.bootTime ?? 0n),
        addresses,
      });
      addresses.length >>= 1;
    } while (Buffer.byteLength(json) > BYTES);
    this.words[0] = this.bytes.write(json);
  }

  /** Whether anything was written yet. */
  get begun(): boolean {
    return this.words[0] !== 0;
  }

  get hasFirstTime(): boolean {
    return this.words[3] === 1;
  }

  /** The time of the source's first event, ns. */
  setFirstTime(low: number, high: number): void {
    this.words[1] = low;
    this.words[2] = high;
    this.words[3] = 1;
  }
}

/** A worker's side: what is known in the section of the batch in hand. */
export function readInfo(buffer: SharedArrayBuffer): SourceInfo {
  const words = new Uint32Array(buffer, 0, HEADER_WORDS);
  const length = words[0];
  const parsed: { name: string; hostname: string; bootTime: string; addresses: string[] } =
    length === 0
      ? { name: "", hostname: "", bootTime: "0", addresses: [] }
      : JSON.parse(Buffer.from(buffer, HEADER_WORDS * 4, length).toString());
  return {
    name: parsed.name,
    hostname: parsed.hostname,
    bootTime: BigInt(parsed.bootTime),
    addresses: new Set(parsed.addresses),
    firstTime: (BigInt(words[2]) << 32n) | BigInt(words[1]),
  };
}
