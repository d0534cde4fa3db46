// SPDX-License-Identifier: Apache-2.0

import { EventType } from "../../src/batch/event-table.generated.js";
import { FdKind, L4, Role } from "../../src/batch/fd-rows.js";
import type { Field } from "../../src/fields/field.js";
import type { EventView } from "../../src/fields/view.js";
import { type Attached, FieldBed, field } from "../../test/support/field-bed.js";
import { type EventSpec, socktuple } from "../../test/support/records.js";
import { measure, printLine } from "./measure.js";

/*
 * What a field costs on a record: the key or number that the matcher asks for at every event, the text of a key (once a key)
 * and the value that an alert prints. Moving the view to the record is part of every figure; the first line is that alone.
 */

const EVENTS_IN_SLOT = 128;
const ROUNDS = 2000;
const DEPTH = 6;

interface Made {
  readonly spec: EventSpec;
  readonly attached: Attached;
}

/** Processes of a few families, `DEPTH` generations deep. @returns rows of the youngest, by tid */
function families(bed: FieldBed): readonly { tid: number; row: number }[] {
  const youngest: { tid: number; row: number }[] = [];
  for (let family = 0; family < 32; family++) {
    for (let depth = 0; depth < DEPTH; depth++) {
      const tid = 100 + family * DEPTH + depth;
      const comm = `tool${family}-${depth}`;
      const row = bed.process({
        TID: tid,
        PTID: depth === 0 ? 0 : tid - 1,
        COMM: comm,
        EXE: comm,
        EXEPATH: `/usr/bin/${comm}`,
        ARGS: "--config\0/etc/tool.conf",
        CMDLINE: `${comm} --config /etc/tool.conf`,
        CWD: "/srv/app/",
        UID: family % 3,
        CLONE_TIME: 1_600_000_000_000_000_000n,
      });
      if (depth === DEPTH - 1) youngest.push({ tid, row });
    }
  }
  return youngest;
}

/** Opens and writes to sockets, in turn, by all processes. */
function mix(bed: FieldBed): readonly Made[] {
  const threads = families(bed);
  return Array.from({ length: EVENTS_IN_SLOT }, (_, i) => {
    const { tid, row } = threads[i % threads.length] as { tid: number; row: number };
    if (i % 4 !== 0) {
      const name = `/usr/lib/file${i % 97}`;
      const fdRow = bed.file({ kind: FdKind.FILE_V2, name, dev: 1, ino: BigInt(i) });
      return {
        spec: {
          type: EventType.SYSCALL_OPENAT_2_X,
          tid,
          params: { fd: 5, dirfd: -100, name, flags: 4097, mode: 0, dev: 1, ino: i },
        },
        attached: { row, fdRow, fd: 5, rows: { fd: fdRow } },
      };
    }
    const fdRow = bed.file({
      kind: FdKind.IPV4_SOCK,
      name: `10.0.0.1:${4000 + i}->10.0.0.2:80`,
      socket: socktuple("10.0.0.1", 4000 + i, "10.0.0.2", 80),
      l4: L4.TCP,
      role: Role.CLIENT,
    });
    return {
      spec: { type: EventType.SYSCALL_WRITE_X, tid, params: { res: 5, data: "hello", fd: 6, size: 5 } },
      attached: { row, fdRow, fd: 6, rows: { fd: fdRow } },
    };
  });
}

type Pass = () => void;
type Scan = (view: EventView, offsets: readonly number[], rounds: number, x: object, keys: Int32Array) => number;

/** A loop of its own for `call`, as in the matcher's generated functions: no call site is shared between fields. */
function loop(call: string): Scan {
  const text = `let sum = 0;
    for (let r = 0; r < rounds; r++)
      for (let i = 0; i < offsets.length; i++) { view.at(offsets[i]); ${call} }
    return sum;`;
  return new Function("view", "offsets", "rounds", "x", "keys", text) as Scan;
}

/** What the matcher calls at every event. */
function scanCall(made: Field): string {
  switch (made.extract.shape) {
    case "keyed":
      return "sum += x.key(view);";
    case "each":
      return "sum += x.keys(view, keys);";
    case "wide":
      return "if (x.get(view) !== undefined) sum++;";
    case "number":
    case "bool":
      return "if (x.get(view) >= 0) sum++;";
    default:
      return "if (x.get(view) !== null) sum++;";
  }
}

const bed = new FieldBed();
const offsets = bed.events(mix(bed));
const keys = new Int32Array(64);
let sink = 0;

function time(call: string, x: object, rounds = ROUNDS): number {
  const scan = loop(call);
  const pass: Pass = () => {
    sink += scan(bed.view, offsets, rounds, x, keys);
  };
  return measure(rounds * offsets.length, pass);
}

printLine("moving to a record", time("sum += view.type;", {}));

const SCANNED = [
  "evt.type",
  "evt.rawres",
  "evt.is_open_read",
  "evt.arg.flags",
  "evt.arg.name",
  "fd.name",
  "fd.typechar",
  "fd.directory",
  "fd.num",
  "fd.sip",
  "fd.sport",
  "proc.name",
  "proc.cmdline",
  "proc.pid",
  "proc.duration",
  "proc.pname",
  "proc.aname[4]",
  "proc.aname",
  "user.name",
  "container.id",
];
for (const name of SCANNED) {
  const made = field(name);
  printLine(`${name}, ${made.extract.shape}`, time(scanCall(made), made.extract));
}

const KEY_TEXTS = ["proc.name", "fd.directory", "evt.arg.flags"];
for (const name of KEY_TEXTS) {
  printLine(
    `${name}, text of a key`,
    time("sum += (x.text(x.key(view), view) ?? '').length;", field(name).extract, 20),
  );
}

const SHOWN = ["evt.time", "evt.args", "proc.cmdline", "proc.aname", "fd.name", "fd.sip", "evt.res"];
for (const name of SHOWN) {
  printLine(`${name}, value for an alert`, time("sum += x.value(view).json.length;", field(name), 20));
}

if (sink === 0) throw new Error("nothing was read");
