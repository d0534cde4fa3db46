// SPDX-License-Identifier: Apache-2.0

/*
 * Builds captures for tests, block by block, in every version that readers meet. Calls append blocks in order:
 *
 *   new ScapBuilder().section().machine({ hostname: "box" }).threads([{ tid: 1, comm: "init" }])
 *     .fds(1, [{ fd: 3, file: "/etc/passwd" }])
 *     .event("SYSCALL_OPENAT_2_X", { fd: 3, dirfd: -100, name: "/etc/shadow", flags: 1 }, { tid: 1 })
 *     .toFile();
 *
 * Nothing is checked: bad captures are what half of the tests need.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { EVENTS, EventFlag, EventType, ParamType } from "../../src/batch/event-table.generated.js";
import {
  encodeFd,
  encodeInterface,
  encodeThread,
  encodeUsers,
  type FdSpec,
  type InterfaceSpec,
  type ThreadSpec,
  type UsersSpec,
} from "./scap-lists.js";

export type EventName = keyof typeof EventType;
/** A parameter: numbers by the type's width, text with a final NUL, lists as NUL-separated text, bytes as they are, null empty. */
export type ParamValue = number | bigint | string | boolean | Uint8Array | readonly string[] | null;

export const Block = {
  SECTION: 0x0a0d0d0a,
  MACHINE: 0x201,
  PROCESSES: [0, 0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215],
  FDS: [0, 0x203, 0x218],
  INTERFACES: [0, 0x205, 0x219],
  USERS: [0, 0x206, 0x220],
  EVENT: 0x204,
  EVENT_FLAGS: 0x208,
  EVENT_V2: 0x216,
  EVENT_FLAGS_V2: 0x217,
  EVENT_V2_LARGE: 0x221,
  EVENT_FLAGS_V2_LARGE: 0x222,
} as const;

export interface EventOptions {
  /** ns since the epoch; by default 1 microsecond after the event before. */
  readonly ts?: bigint;
  readonly tid?: number | bigint;
  readonly cpu?: number;
  /** Flags of an EVF block; an EV block is written where they are absent. */
  readonly flags?: number;
  /** 1: the header without nparams, blocks 0x204 and 0x208. */
  readonly framing?: 1 | 2;
  /** Write only the first parameters, as older drivers did. */
  readonly nparams?: number;
  /** Event type number written instead of the real one. */
  readonly type?: number;
  /** Lies: `len` of the event header, lengths of parameters by index, nparams of the header. */
  readonly len?: number;
  readonly lengths?: Readonly<Record<number, number>>;
  readonly count?: number;
  /** Lie about the block's total length, first or last. */
  readonly total?: number;
  readonly trailer?: number;
}

const FIRST_TIME = 1_700_000_000_000_000_000n;

/** Encodes one value as parameters of `type` are in a file. Empty for null. */
export function encodeParam(type: number, value: ParamValue | undefined): Buffer {
  if (value === null || value === undefined) return Buffer.alloc(0);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value))
    return Buffer.from((value as readonly string[]).map((text) => `${text}\0`).join(""), "latin1");
  if (typeof value === "string") {
    const terminated = type === ParamType.CHARBUF || type === ParamType.FSPATH || type === ParamType.FSRELPATH;
    return Buffer.from(terminated ? `${value}\0` : value, "latin1");
  }
  const width = WIDTHS.get(type);
  if (width === undefined) throw new Error(`parameter type ${type} takes bytes`);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value as number | bigint | boolean)));
  return bytes.subarray(0, width);
}

const WIDTHS = new Map<number, number>();
for (const [width, names] of [
  [1, ["INT8", "UINT8", "FLAGS8", "ENUMFLAGS8", "SIGTYPE", "L4PROTO", "SOCKFAMILY"]],
  [2, ["INT16", "UINT16", "FLAGS16", "ENUMFLAGS16", "SYSCALLID", "PORT"]],
  [
    4,
    ["INT32", "UINT32", "FLAGS32", "ENUMFLAGS32", "UID", "GID", "MODE", "SIGSET", "FD32", "PID32", "IPV4ADDR", "BOOL"],
  ],
  [8, ["INT64", "UINT64", "ERRNO", "FD", "PID", "RELTIME", "ABSTIME", "DOUBLE"]],
] as const) {
  for (const name of names) WIDTHS.set(ParamType[name], width);
}

export class ScapBuilder {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private clock = FIRST_TIME;

  /** Bytes so far: the offset of the next block. */
  get offset(): number {
    return this.size;
  }

  /** A block; `total` and `trailer` replace the two lengths. */
  block(type: number, body: Uint8Array, lies: { total?: number; trailer?: number } = {}): this {
    const padding = (4 - (body.length & 3)) & 3;
    const total = 12 + body.length + padding;
    const block = Buffer.alloc(total);
    block.writeUInt32LE(type, 0);
    block.writeUInt32LE(lies.total ?? total, 4);
    block.set(body, 8);
    block.writeUInt32LE(lies.trailer ?? lies.total ?? total, total - 4);
    return this.raw(block);
  }

  raw(bytes: Uint8Array): this {
    this.chunks.push(Buffer.from(bytes));
    this.size += bytes.length;
    return this;
  }

  /** Section header; a comment stands between the fixed part and the trailer, as pcapng options do. */
  section(options: { major?: number; minor?: number; magic?: number; comment?: string } = {}): this {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(options.magic ?? 0x1a2b3c4d, 0);
    body.writeUInt16LE(options.major ?? 1, 4);
    body.writeUInt16LE(options.minor ?? 2, 6);
    body.fill(0xff, 8);
    return this.block(Block.SECTION, Buffer.concat([body, Buffer.from(options.comment ?? "", "latin1")]));
  }

  machine(options: { cpus?: number; memory?: bigint; hostname?: string; bootTime?: bigint } = {}): this {
    const body = Buffer.alloc(180);
    body.writeUInt32LE(options.cpus ?? 2, 0);
    body.writeBigUInt64LE(options.memory ?? 1n << 33n, 4);
    body.writeBigUInt64LE(4_194_304n, 12);
    body.write(options.hostname ?? "host", 20, 127, "latin1");
    body.writeBigUInt64LE(options.bootTime ?? 0n, 148);
    return this.block(Block.MACHINE, body);
  }

  interfaces(list: readonly InterfaceSpec[], version: 1 | 2 = 2): this {
    return this.block(Block.INTERFACES[version], Buffer.concat(list.map((entry) => encodeInterface(entry, version))));
  }

  users(list: UsersSpec, version: 1 | 2 = 2): this {
    return this.block(Block.USERS[version], encodeUsers(list, version));
  }

  /** Process list V1 to V9. `tail`: bytes of the optional V9 fields to write (all of them by default). */
  threads(list: readonly ThreadSpec[], options: { version?: number; tail?: number } = {}): this {
    const version = options.version ?? 9;
    const body = Buffer.concat(list.map((thread) => encodeThread(thread, version, options.tail)));
    return this.block(Block.PROCESSES[version] as number, body);
  }

  fds(tid: number | bigint, list: readonly FdSpec[], version: 1 | 2 = 2): this {
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt.asUintN(64, BigInt(tid)));
    return this.block(Block.FDS[version], Buffer.concat([head, ...list.map((entry) => encodeFd(entry, version))]));
  }

  /** An event by its name in EventType; parameters by name (or in order), missing ones empty. */
  event(
    name: EventName | number,
    values: Readonly<Record<string, ParamValue>> | readonly ParamValue[] = {},
    options: EventOptions = {},
  ): this {
    const type = typeof name === "number" ? name : EventType[name];
    const info = EVENTS[type];
    const params = info?.params ?? [];
    const byName = Array.isArray(values) ? null : (values as Readonly<Record<string, ParamValue>>);
    if (byName !== null) {
      const known = new Set(params.map((param) => param.name));
      for (const key of Object.keys(byName)) if (!known.has(key)) throw new Error(`${name} has no parameter ${key}`);
    }
    const list = values as readonly ParamValue[];
    const count = options.nparams ?? (byName === null && params.length === 0 ? list.length : params.length);
    const encoded: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const value = byName === null ? list[i] : byName[params[i]?.name ?? ""];
      encoded.push(encodeParam(params[i]?.type ?? ParamType.BYTEBUF, value));
    }
    return this.rawEvent(options.type ?? type, encoded, options);
  }

  /** An event of any type number from encoded parameters. */
  rawEvent(type: number, params: readonly Uint8Array[], options: EventOptions = {}): this {
    const large = ((EVENTS[type]?.flags ?? 0) & EventFlag.LARGE_PAYLOAD) !== 0;
    const framing = options.framing ?? 2;
    const width = large ? 4 : 2;
    const headerSize = framing === 2 ? 26 : 22;
    const head = Buffer.alloc(headerSize + width * params.length);
    const dataSize = params.reduce((sum, param) => sum + param.length, 0);
    this.clock = options.ts ?? this.clock + 1000n;
    head.writeBigUInt64LE(this.clock, 0);
    head.writeBigUInt64LE(BigInt.asUintN(64, BigInt(options.tid ?? 1000)), 8);
    head.writeUInt32LE(options.len ?? head.length + dataSize, 16);
    head.writeUInt16LE(type, 20);
    if (framing === 2) head.writeUInt32LE(options.count ?? params.length, 22);
    for (let i = 0; i < params.length; i++) {
      head.writeUIntLE(options.lengths?.[i] ?? (params[i] as Uint8Array).length, headerSize + i * width, width);
    }
    const prefix = Buffer.alloc(options.flags === undefined ? 2 : 6);
    prefix.writeUInt16LE(options.cpu ?? 0, 0);
    if (options.flags !== undefined) prefix.writeUInt32LE(options.flags, 2);
    const lies: { total?: number; trailer?: number } = {};
    if (options.total !== undefined) lies.total = options.total;
    if (options.trailer !== undefined) lies.trailer = options.trailer;
    const plain = framing === 1 ? Block.EVENT : large ? Block.EVENT_V2_LARGE : Block.EVENT_V2;
    const flagged = framing === 1 ? Block.EVENT_FLAGS : large ? Block.EVENT_FLAGS_V2_LARGE : Block.EVENT_FLAGS_V2;
    return this.block(options.flags === undefined ? plain : flagged, Buffer.concat([prefix, head, ...params]), lies);
  }

  build(): Buffer {
    return Buffer.concat(this.chunks);
  }

  gzip(level = 6): Buffer {
    return gzipSync(this.build(), { level });
  }

  /** Writes the capture to a temporary file that goes away with the process. */
  toFile(options: { gzip?: boolean } = {}): string {
    return temporaryFile(options.gzip === true ? this.gzip() : this.build());
  }
}

let folder: string | null = null;
let files = 0;

/** Writes bytes to a temporary file that goes away with the process; returns its path. */
export function temporaryFile(bytes: Uint8Array, name = `capture-${files++}.scap`): string {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), "peregrine-test-"));
    folder = made;
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
