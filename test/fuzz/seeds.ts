// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { allCaptures } from "../support/captures.js";
import { everyEvent } from "../support/every-event.js";
import { ScapBuilder } from "../support/scap-builder.js";

/** Bytes of a seed: what is larger is changed too seldom where it matters. */
const SEED_BYTES = 8_192;
/** Events of one type that a seed takes from a capture. */
const EACH = 2;

const EVENT_BLOCKS: ReadonlySet<number> = new Set([0x204, 0x208, 0x216, 0x217, 0x221, 0x222]);

/** What the fuzzer begins with: small captures in which everything occurs that occurs in real ones. */
export function seeds(): { readonly name: string; readonly bytes: Buffer }[] {
  const found = [{ name: "every", bytes: everyEvent().build() }];
  found.push({ name: "every-gzip", bytes: everyEvent().gzip() });
  for (let version = 1; version <= 9; version++) {
    const lists = new ScapBuilder()
      .section()
      .users({ users: [{ uid: 1, gid: 2, name: "u" }], groups: [{ gid: 2, name: "g" }] }, 1)
      .interfaces([{ name: "lo", address: "127.0.0.1" }], 1)
      .threads([{ tid: 1, args: ["a", "b"], env: ["c=d"], cgroups: ["cpu=/"] }, { tid: 2 }], { version })
      .fds(
        1,
        [
          { fd: 1, unix: "/x" },
          { fd: 2, file: "/y" },
          { fd: 3, type: 7, name: "pipe" },
        ],
        1,
      )
      .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 });
    found.push({ name: `lists-${version}`, bytes: lists.build() });
  }
  for (const [i, path] of allCaptures().entries()) {
    const bytes = readFileSync(path);
    found.push({ name: `capture-${i}`, bytes: excerpt(bytes[0] === 0x1f ? inflated(bytes) : bytes) });
  }
  return found;
}

function inflated(bytes: Buffer): Buffer {
  // As far as it goes: some captures have no end.
  return gunzipSync(bytes, { finishFlush: 2 });
}

/** The first blocks of each kind, and the first events of each type, up to the size of a seed. */
function excerpt(bytes: Buffer): Buffer {
  const taken: Buffer[] = [];
  const counts = new Map<number, number>();
  let size = 0;
  for (let at = 0; at + 12 <= bytes.length; ) {
    const number = bytes.readUInt32LE(at);
    const total = bytes.readUInt32LE(at + 4);
    if (total < 12 || at + total > bytes.length) break;
    const isEvent = EVENT_BLOCKS.has(number);
    const flagged = number === 0x208 || number === 0x217 || number === 0x222;
    const key = isEvent ? bytes.readUInt16LE(at + (flagged ? 14 : 10) + 20) : number;
    const count = counts.get(key) ?? 0;
    if (count < EACH && size + total <= SEED_BYTES) {
      counts.set(key, count + 1);
      taken.push(bytes.subarray(at, at + total));
      size += total;
    }
    at += total;
  }
  return Buffer.concat(taken);
}
