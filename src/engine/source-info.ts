// SPDX-License-Identifier: Apache-2.0

import type { SectionHeader } from "../capture/source.js";
import type { SourceInfo } from "../fields/view.js";

/*
 * What is known of the source, for all threads: one SharedArrayBuffer.
 *
 *   w0 bytes of JSON   w1.. JSON
 *
 * Ingest writes it when a section begins and no batch is in flight; nothing else is ever written here, so that what a
 * worker reads is the same whenever it does. It reads when a batch's section differs from the last one's. Publishing
 * orders the two.
 */

const HEADER_WORDS = 1;
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
  };
}
