// SPDX-License-Identifier: Apache-2.0

import { FD_ROW_WORDS, FdWord } from "../../batch/fd-rows.js";
import type { EventView } from "../view.js";
import { kindChar } from "./fd.js";

const ENTRY_BYTES = 10;

/** Entries of the poll list whose bytes stand at `at` of the ring: as many as its count says and its length allows. */
export function pollCount(e: EventView, at: number, length: number): number {
  if (length < 2) return 0;
  return Math.min(e.bytes.readUInt16LE(at), Math.floor((length - 2) / ENTRY_BYTES));
}

/** Number of the list's fd `i`. */
export function pollFd(e: EventView, at: number, i: number): number {
  return e.bytes.readInt32LE(at + 2 + i * ENTRY_BYTES);
}

/** Row of the list's fd `i`, 0 where it is not known; the state stage put it into the upper half of the fd. */
export function pollRow(e: EventView, at: number, i: number): number {
  if (pollFd(e, at, i) < 0) return 0;
  const row = e.bytes.readInt32LE(at + 6 + i * ENTRY_BYTES);
  return row > 0 && row * FD_ROW_WORDS < e.fds.length ? row : 0;
}

/** `fd:Tflags` of each entry, T = "?" for an unknown fd, flags in hexadecimal, separated by blanks. */
export function pollText(e: EventView, at: number, length: number): string {
  let text = "";
  const count = pollCount(e, at, length);
  for (let i = 0; i < count; i++) {
    const fd = pollFd(e, at, i);
    const row = pollRow(e, at, i);
    const mark = row === 0 ? "?" : kindChar(e.fds[row * FD_ROW_WORDS + FdWord.KIND] as number);
    const number = fd < 0 ? String(BigInt.asUintN(64, BigInt(fd))) : String(fd);
    const flags = e.bytes.readInt16LE(at + 10 + i * ENTRY_BYTES) >>> 0;
    text += `${i === 0 ? "" : " "}${number}:${mark}${flags.toString(16)}`;
  }
  return text;
}
