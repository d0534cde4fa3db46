// SPDX-License-Identifier: Apache-2.0

import { EVENTS } from "../../src/batch/event-table.generated.js";
import { type EventOptions, type ParamValue, ScapBuilder } from "./scap-builder.js";
import { inetAddress, inetTuple } from "./scap-lists.js";

/** Events whose lengths take four bytes: there were none when headers did not tell the number of parameters. */
const LARGE: ReadonlySet<number> = new Set([322, 324, 402]);

/** A capture with every list, every kind of block, and events of every type with something in each parameter. */
export function everyEvent(): ScapBuilder {
  const builder = new ScapBuilder()
    .section({ comment: "seed" })
    .machine()
    .interfaces([{ name: "lo", address: "127.0.0.1" }])
    .users({ users: [{ uid: 0, gid: 0, name: "root" }], groups: [{ gid: 0, name: "root" }] })
    .threads([{ tid: 1, args: ["a"], env: ["B=c"], cgroups: ["cpu=/"] }, { tid: 2 }])
    .fds(1, [
      { fd: 0, file: "/dev/null" },
      { fd: 1, tuple: inetTuple("1.2.3.4", 5, "6.7.8.9", 10), l4: 2 },
      { fd: 2, listen: inetAddress("0.0.0.0", 1), l4: 2 },
      { fd: 3, unix: "/run/s" },
    ]);
  EVENTS.forEach((info, type) => {
    const values = info.params.map((param): ParamValue => {
      if (param.kind === "int" || param.kind === "wide" || param.kind === "fd" || param.kind === "fd32") return type;
      return param.kind === "string" ? `/${info.name}` : Buffer.from("bytes\0more");
    });
    const framing = type % 3 === 0 && !LARGE.has(type) ? 1 : 2;
    const options: EventOptions = {
      tid: 1 + (type % 5),
      framing,
      nparams: info.params.length - ((type % 2) & (values.length > 0 ? 1 : 0)),
    };
    builder.event(type, values, type % 7 === 0 ? { ...options, flags: 0 } : options);
  });
  return builder
    .section()
    .threads([{ tid: 9 }])
    .event("SYSCALL_CLOSE_X", { res: 0, fd: 1 });
}
