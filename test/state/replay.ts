// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Dictionary } from "../../src/batch/dictionary.js";
import { EVENTS, EventFlag } from "../../src/batch/event-table.generated.js";
import { FD_ROW_WORDS, FdKind, FdWord, L4, Role } from "../../src/batch/fd-rows.js";
import { createMemory } from "../../src/batch/memory.js";
import type { Demand } from "../../src/batch/plan.js";
import { ProcessRows, ROW_WORDS, RowWord } from "../../src/batch/process-rows.js";
import { RecordWord } from "../../src/batch/record.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { createInterner, ScapSource } from "../../src/capture/scap.js";
import { FillResult } from "../../src/capture/source.js";
import { ipText } from "../../src/fields/render/address.js";
import { makePlan, StateStage } from "../../src/state/stage.js";

/** Field values of one event, as another engine printed them. */
export type Expected = Readonly<Record<string, unknown>>;

export function loadExpected(path: string): Map<number, Expected> {
  const lines = gunzipSync(readFileSync(path)).toString("utf8").split("\n");
  const events = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Expected);
  return new Map(events.map((event) => [event["evt.num"] as number, event]));
}

const TYPES: Readonly<Record<number, string>> = {
  [FdKind.FILE]: "file",
  [FdKind.FILE_V2]: "file",
  [FdKind.DIRECTORY]: "directory",
  [FdKind.IPV4_SOCK]: "ipv4",
  [FdKind.IPV4_SERVSOCK]: "ipv4",
  [FdKind.IPV6_SOCK]: "ipv6",
  [FdKind.IPV6_SERVSOCK]: "ipv6",
  [FdKind.UNIX_SOCK]: "unix",
  [FdKind.FIFO]: "pipe",
  [FdKind.EVENT]: "event",
  [FdKind.SIGNALFD]: "signalfd",
  [FdKind.EVENTPOLL]: "eventpoll",
  [FdKind.INOTIFY]: "inotify",
  [FdKind.TIMERFD]: "timerfd",
  [FdKind.NETLINK]: "netlink",
  [FdKind.BPF]: "bpf",
  [FdKind.USERFAULTFD]: "userfaultfd",
  [FdKind.IO_URING]: "io_uring",
  [FdKind.MEMFD]: "memfd",
  [FdKind.PIDFD]: "pidfd",
};
const L4_NAMES: Readonly<Record<number, string>> = {
  [L4.TCP]: "tcp",
  [L4.UDP]: "udp",
  [L4.ICMP]: "icmp",
  [L4.RAW]: "raw",
};

/** Reads a capture through the state stage and gives the fields of each event that is shown, keyed by its number. */
export function replay(path: string, each: (number: number, fields: Record<string, unknown>) => void): void {
  const memory = createMemory();
  const interner = createInterner(memory);
  const all: Demand = EVENTS.map(() => -1);
  const plan = makePlan(all);
  const source = new ScapSource({ path, memory, interner, plan });
  const stage = new StateStage({ memory, interner, plan, hostRoot: null });
  const words = new Int32Array(memory.ring);
  const floats = new Float64Array(memory.ring);
  const layout = new RingLayout(memory.shape.ring);
  const fields = new Fields(
    memory.fds.rows,
    new ProcessRows(memory.processes),
    new Dictionary(memory.dictionary),
    words,
  );
  stage.begin(source.open(), 0);
  let last = 0;
  for (let result: number = FillResult.MORE; result === FillResult.MORE || result === FillResult.SECTION; ) {
    if (last > 0 && result === FillResult.SECTION) stage.begin(source.section(), last + 1);
    stage.settle(last);
    result = source.fill(0);
    stage.apply(0);
    const base = layout.slotWord(0);
    last = floats[(base + SlotWord.LAST) / 2] as number;
    const wanted = words[base + SlotWord.WANTED] as number;
    for (let i = 0; i < wanted; i++) {
      const o = words[base + layout.wantedWord + i] as number;
      const number = floats[(o + RecordWord.NUMBER) / 2] as number;
      each(number, fields.of(o, number));
    }
  }
  source.close();
}

class Fields {
  private readonly fds: Int32Array;

  constructor(
    fds: SharedArrayBuffer,
    private readonly rows: ProcessRows,
    private readonly strings: Dictionary,
    private readonly words: Int32Array,
  ) {
    this.fds = new Int32Array(fds);
  }

  of(o: number, number: number): Record<string, unknown> {
    return { ...this.process(o, number), ...this.fd(o) };
  }

  private word(row: number, word: number): number {
    return this.rows.words[row * ROW_WORDS + word] as number;
  }

  private text(row: number, word: number): string {
    const text = Buffer.from(this.strings.text(this.word(row, word)), "latin1").toString("utf8");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the reference prints what is no text as one sign
    return text.replaceAll("\0", " ").replace(/[\x00-\x1f\x7f]/g, "\ufffd");
  }

  private process(o: number, number: number): Record<string, unknown> {
    const row = this.words[o + RecordWord.ROW] as number;
    if (row === 0) return {};
    const leader = this.words[o + RecordWord.LEADER] as number;
    const parent = this.parent(leader === 0 ? row : leader, number);
    const grand = parent === 0 ? 0 : this.parent(parent, number);
    return {
      "proc.name": this.text(row, RowWord.COMM),
      "proc.cmdline": this.text(row, RowWord.CMDLINE),
      "proc.exe": this.text(row, RowWord.EXE),
      "proc.exepath": this.text(row, RowWord.EXEPATH).replace(/ \(deleted\)$/, ""),
      "proc.args": this.text(row, RowWord.ARGS),
      "proc.cwd": leader === 0 ? "./" : this.text(leader, RowWord.CWD),
      "proc.pid": this.word(row, RowWord.PID),
      "proc.vpid": this.word(row, RowWord.VPID) === -1 ? null : this.word(row, RowWord.VPID),
      "proc.sid": this.word(row, RowWord.SID),
      "proc.tty": this.word(row, RowWord.TTY) >>> 0,
      "proc.is_exe_writable": (this.word(row, RowWord.EXE_FLAGS) & 1) === 1,
      "proc.pname": parent === 0 ? null : this.text(parent, RowWord.COMM),
      "proc.pcmdline": parent === 0 ? null : this.text(parent, RowWord.CMDLINE),
      "proc.ppid": parent === 0 ? null : this.word(leader, RowWord.PTID),
      "proc.aname[2]": grand === 0 ? null : this.text(grand, RowWord.COMM),
      "user.uid": this.id(row, leader, RowWord.UID),
      "group.gid": this.id(row, leader, RowWord.GID),
    };
  }

  private id(row: number, leader: number, word: number): number {
    const id = leader === 0 ? -1 : this.word(leader, word);
    return (id === -1 ? this.word(row, word) : id) >>> 0;
  }

  private parent(row: number, number: number): number {
    const parent = this.rows.at(this.word(row, RowWord.PTID), number);
    return parent === 0 ? 0 : this.rows.leader(parent, number);
  }

  private fd(o: number): Record<string, unknown> {
    const type = (this.words[o + RecordWord.TYPE] as number) & 0xffff;
    const uses = EventFlag.CREATES_FD | EventFlag.USES_FD | EventFlag.DESTROYS_FD;
    const fd = this.words[o + RecordWord.FD] as number;
    if (((EVENTS[type]?.flags ?? 0) & uses) === 0) return {};
    const row = this.words[o + RecordWord.FD_ROW] as number;
    // What the name falls back to without a record is not the state stage's business.
    if (row === 0) return { "fd.num": fd, "fd.name": null };
    const base = row * FD_ROW_WORDS;
    const kind = this.fds[base + FdWord.KIND] as number;
    const socket = this.fds[base + FdWord.SOCKET] as number;
    const protocol = this.fds[base + FdWord.PROTOCOL_ROLE] as number;
    const name = Buffer.from(this.strings.text(this.fds[base + FdWord.NAME] as number), "latin1").toString("utf8");
    return {
      "fd.num": fd,
      "fd.name": name,
      "fd.type": TYPES[kind] ?? "<NA>",
      "fd.l4proto":
        (protocol & 0xff) !== L4.RAW && protocol >>> 8 === 0 ? "<NA>" : (L4_NAMES[protocol & 0xff] ?? "<NA>"),
      ...this.peers(kind, socket, protocol >>> 8),
    };
  }

  private peers(kind: number, socket: number, role: number): Record<string, unknown> {
    const bytes = this.strings.bytes(socket);
    const port = (at: number): number => (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const ip = (at: number, size: number): string => ipText(bytes.toString("latin1", at, at + size));
    if (role === Role.NONE || socket === 0) return {};
    switch (kind) {
      case FdKind.IPV4_SOCK:
        return { "fd.cip": ip(1, 4), "fd.cport": port(5), "fd.sip": ip(7, 4), "fd.sport": port(11) };
      case FdKind.IPV6_SOCK:
        return {
          "fd.cip": ip(1, 16),
          "fd.cport": port(17),
          "fd.sip": ip(19, 16),
          "fd.sport": port(35),
        };
      case FdKind.IPV4_SERVSOCK:
        return { "fd.sip": ip(1, 4), "fd.sport": port(5) };
      case FdKind.IPV6_SERVSOCK:
        return { "fd.sip": ip(1, 16), "fd.sport": port(17) };
      default:
        return {};
    }
  }
}
