// SPDX-License-Identifier: Apache-2.0

/** Entries of the lists that a capture section begins with, in all their versions, and socket addresses. */

export interface ThreadSpec {
  readonly tid: number;
  /** Default: the tid. */
  readonly pid?: number;
  readonly ptid?: number;
  readonly sid?: number;
  readonly vpgid?: number;
  readonly pgid?: number;
  readonly vtid?: number;
  readonly vpid?: number;
  readonly comm?: string;
  readonly exe?: string;
  readonly exepath?: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly root?: string;
  readonly cgroups?: readonly string[];
  readonly fdLimit?: bigint;
  readonly flags?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly vm?: readonly [size: number, rss: number, swap: number];
  readonly loginuid?: number;
  readonly tty?: number;
  readonly pidnsStart?: bigint;
  readonly writable?: boolean;
  readonly upperLayer?: boolean;
  readonly lowerLayer?: boolean;
  readonly memfd?: boolean;
  readonly caps?: readonly [inheritable: bigint, permitted: bigint, effective: bigint];
  readonly exeIno?: readonly [ino: bigint, ctime: bigint, mtime: bigint];
  /** Unknown bytes of a later version behind the V9 entry. */
  readonly extra?: Uint8Array;
}

export type FdSpec = { readonly fd: number; readonly ino?: bigint } & (
  | { readonly file: string; readonly flags?: number; readonly dev?: number }
  | { readonly type: number; readonly name: string }
  | { readonly type: number; readonly payload: Uint8Array }
  | { readonly tuple: Uint8Array; readonly l4: number }
  | { readonly listen: Uint8Array; readonly l4: number }
  | { readonly unix: string; readonly source?: bigint; readonly peer?: bigint }
);

export interface InterfaceSpec {
  readonly name: string;
  /** Dotted IPv4, or 16 bytes. */
  readonly address: string | Uint8Array;
  readonly netmask?: string | Uint8Array;
  readonly linkspeed?: bigint | null;
}

export interface UsersSpec {
  readonly users?: readonly { uid: number; gid: number; name: string; home?: string; shell?: string }[];
  readonly groups?: readonly { gid: number; name: string }[];
}

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const u64 = (value: bigint | number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
};
const s16 = (text: string): Buffer => Buffer.concat([u16(text.length), Buffer.from(text, "latin1")]);
const nul = (list: readonly string[] | undefined): string => (list ?? []).map((text) => `${text}\0`).join("");

/** Four bytes of a dotted address, or sixteen bytes as they are. */
export function ip(address: string | Uint8Array): Buffer {
  return typeof address === "string" ? Buffer.from(address.split(".").map(Number)) : Buffer.from(address);
}

/** SOCKTUPLE of two internet endpoints. */
export function inetTuple(
  from: string | Uint8Array,
  fromPort: number,
  to: string | Uint8Array,
  toPort: number,
): Buffer {
  const source = ip(from);
  return Buffer.concat([u8(source.length === 4 ? 2 : 10), source, u16(fromPort), ip(to), u16(toPort)]);
}

/** SOCKADDR of one internet endpoint. */
export function inetAddress(address: string | Uint8Array, port: number): Buffer {
  const bytes = ip(address);
  return Buffer.concat([u8(bytes.length === 4 ? 2 : 10), bytes, u16(port)]);
}

export function unixTuple(source: bigint, peer: bigint, path: string): Buffer {
  return Buffer.concat([u8(1), u64(source), u64(peer), Buffer.from(`${path}\0`, "latin1")]);
}

export function unixAddress(path: string): Buffer {
  return Buffer.concat([u8(1), Buffer.from(`${path}\0`, "latin1")]);
}

export function encodeThread(thread: ThreadSpec, version: number, tail?: number): Buffer {
  const pid = thread.pid ?? thread.tid;
  const since = (first: number, ...parts: Buffer[]): Buffer =>
    version >= first ? Buffer.concat(parts) : Buffer.alloc(0);
  const [size, rss, swap] = thread.vm ?? [0, 0, 0];
  const [inheritable, permitted, effective] = thread.caps ?? [0n, 0n, 0n];
  const [ino, ctime, mtime] = thread.exeIno ?? [0n, 0n, 0n];
  const body = Buffer.concat([
    u64(thread.tid),
    u64(pid),
    u64(thread.ptid ?? 0),
    since(6, u64(thread.sid ?? 0)),
    since(8, u64(thread.vpgid ?? 0)),
    s16(thread.comm ?? "comm"),
    s16(thread.exe ?? thread.comm ?? "comm"),
    since(7, s16(thread.exepath ?? "")),
    s16(nul(thread.args)),
    s16(thread.cwd ?? "/"),
    u64(thread.fdLimit ?? 1024n),
    u32(thread.flags ?? 0),
    u32(thread.uid ?? 0),
    u32(thread.gid ?? 0),
    since(2, u32(size), u32(rss), u32(swap), u64(0), u64(0)),
    since(3, s16(nul(thread.env))),
    since(4, u64(thread.vtid ?? thread.tid), u64(thread.vpid ?? pid), s16(nul(thread.cgroups))),
    since(5, s16(thread.root ?? "/")),
  ]);
  if (version < 9) return body;
  const old = tail === 0 || tail === 4 || tail === 5 || tail === 29;
  const options = Buffer.concat([
    old ? Buffer.alloc(0) : Buffer.concat([u64(thread.pidnsStart ?? 0n), u32(thread.tty ?? 0)]),
    u32(thread.loginuid ?? 0xffffffff),
    u8(thread.writable === true ? 1 : 0),
    u64(inheritable),
    u64(permitted),
    u64(effective),
    u8(thread.upperLayer === true ? 1 : 0),
    u64(ino),
    u64(ctime),
    u64(mtime),
    u8(thread.memfd === true ? 1 : 0),
    u8(thread.lowerLayer === true ? 1 : 0),
    u64(thread.pgid ?? -1),
  ]).subarray(0, tail);
  const entry = Buffer.concat([body, options, thread.extra ?? Buffer.alloc(0)]);
  return Buffer.concat([u32(entry.length + 4), entry]);
}

export function encodeFd(entry: FdSpec, version: 1 | 2): Buffer {
  let type: number;
  let payload: Buffer;
  if ("file" in entry) {
    type = 16;
    payload = Buffer.concat([
      u32(entry.flags ?? 1),
      s16(entry.file),
      version === 2 ? u32(entry.dev ?? 0) : Buffer.alloc(0),
    ]);
  } else if ("tuple" in entry) {
    // The list has both addresses first, then both ports; the tuple has each address with its port.
    const size = entry.tuple[0] === 2 ? 4 : 16;
    const part = (at: number, length: number): Buffer => Buffer.from(entry.tuple.subarray(at, at + length));
    type = size === 4 ? 3 : 4;
    const [source, sourcePort] = [part(1, size), part(1 + size, 2)];
    payload = Buffer.concat([source, part(3 + size, size), sourcePort, part(3 + 2 * size, 2), u8(entry.l4)]);
  } else if ("listen" in entry) {
    type = entry.listen[0] === 2 ? 5 : 6;
    payload = Buffer.concat([entry.listen.subarray(1), u8(entry.l4)]);
  } else if ("unix" in entry) {
    type = 8;
    payload = Buffer.concat([u64(entry.source ?? 0n), u64(entry.peer ?? 0n), s16(entry.unix)]);
  } else if ("name" in entry) {
    type = entry.type;
    payload = s16(entry.name);
  } else {
    type = entry.type;
    payload = Buffer.from(entry.payload);
  }
  const body = Buffer.concat([u64(entry.fd), u64(entry.ino ?? 0n), u8(type), payload]);
  return version === 2 ? Buffer.concat([u32(body.length + 4), body]) : body;
}

export function encodeInterface(entry: InterfaceSpec, version: 1 | 2): Buffer {
  const address = ip(entry.address);
  const netmask = ip(entry.netmask ?? Buffer.alloc(address.length, 255));
  const speed = entry.linkspeed === undefined ? 0n : entry.linkspeed;
  const type = (address.length === 4 ? 1 : 2) + (speed === null ? 2 : 0);
  const body = Buffer.concat([
    u16(type),
    u16(entry.name.length),
    address,
    netmask,
    Buffer.alloc(address.length, 255),
    speed === null ? Buffer.alloc(0) : u64(speed),
    Buffer.from(entry.name, "latin1"),
  ]);
  // Unlike all other lists, the length of an interface entry does not count itself.
  return version === 2 ? Buffer.concat([u32(body.length), body]) : body;
}

export function encodeUsers(list: UsersSpec, version: 1 | 2): Buffer {
  const entries = [
    ...(list.users ?? []).map((user) =>
      Buffer.concat([
        u8(0),
        u32(user.uid),
        u32(user.gid),
        s16(user.name),
        s16(user.home ?? "/"),
        s16(user.shell ?? "/bin/sh"),
      ]),
    ),
    ...(list.groups ?? []).map((group) => Buffer.concat([u8(1), u32(group.gid), s16(group.name)])),
  ];
  return Buffer.concat(entries.map((body) => (version === 2 ? Buffer.concat([u32(body.length + 4), body]) : body)));
}
