// SPDX-License-Identifier: Apache-2.0

import { type ParamValue, ScapBuilder } from "../../test/support/scap-builder.js";
import { inetAddress, inetTuple } from "../../test/support/scap-lists.js";

/*
 * A made-up seed for where no recorded capture is at hand: shells that start short-lived programs, which open, read and
 * close files, and a server that takes connections. The same bytes every time.
 */

const SHELLS = 4;
const FIRST_SHELL = 2000;
const PROGRAMS = ["cat", "ls", "grep", "sed", "cp", "tar", "find", "sort", "curl", "python3"];
const DIRECTORIES = ["/etc", "/usr/lib", "/usr/share/doc", "/var/log", "/var/tmp/work", "/home/user/project/src"];
const CLONE_FLAGS = 0;

/** A capture of about `events` events. */
export function syntheticSeed(events: number): Buffer {
  return new Synthesis(events).build();
}

class Synthesis {
  private readonly builder = new ScapBuilder();
  private state = 0x2545f491;
  private count = 0;
  private nextTid = FIRST_SHELL + SHELLS;

  constructor(private readonly events: number) {}

  build(): Buffer {
    const shells = Array.from({ length: SHELLS }, (_, i) => FIRST_SHELL + i);
    this.builder
      .section()
      .machine({ hostname: "synthetic" })
      .threads([
        { tid: 1, ptid: 0, comm: "init", exe: "/sbin/init", exepath: "/sbin/init", cwd: "/", root: "/" },
        ...shells.map((tid) => ({ tid, ptid: 1, comm: "bash", exe: "bash", exepath: "/usr/bin/bash", cwd: "/root" })),
      ]);
    while (this.count < this.events) this.program(shells[this.random(SHELLS)] as number);
    return this.builder.build();
  }

  private random(below: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 0x1_0000_0000) * below);
  }

  private event(
    name: Parameters<ScapBuilder["event"]>[0],
    values: Readonly<Record<string, ParamValue>>,
    tid: number,
  ): void {
    this.builder.event(name, values, { tid });
    this.count++;
  }

  /** One program's life: clone (both sides), exec, work, exit. */
  private program(parent: number): void {
    const tid = this.nextTid++;
    const name = PROGRAMS[this.random(PROGRAMS.length)] as string;
    const common = { comm: "bash", exe: "bash", args: [], cwd: "/root", cgroups: ["cpuset=/"], flags: CLONE_FLAGS };
    const ids = { uid: 0, gid: 0, fdlimit: 1024 };
    const child = { ...common, ...ids, tid, pid: tid, ptid: parent, vtid: tid, vpid: tid };
    const self = { ...common, ...ids, tid: parent, pid: parent, ptid: 1, vtid: parent, vpid: parent };
    this.event("SYSCALL_CLONE_20_X", { ...self, res: tid }, parent);
    this.event("SYSCALL_CLONE_20_X", { ...child, res: 0 }, tid);
    const path = `/usr/bin/${name}`;
    const file = `${DIRECTORIES[this.random(DIRECTORIES.length)]}/file${this.random(300)}.txt`;
    this.event(
      "SYSCALL_EXECVE_19_X",
      {
        res: 0,
        exe: path,
        args: ["-n", file],
        tid,
        pid: tid,
        ptid: parent,
        cwd: "/root",
        comm: name,
        cgroups: ["cpuset=/"],
        env: ["PATH=/usr/bin", "HOME=/root"],
        uid: 0,
        gid: 0,
        trusted_exepath: path,
        pgid: tid,
        vpgid: tid,
        filename: path,
      },
      tid,
    );
    this.work(tid);
    this.event("PROCEXIT_1_E", { status: 0, ret: 0, sig: 0, core: 0, reaper_tid: 1 }, tid);
  }

  private work(tid: number): void {
    const rounds = 5 + this.random(30);
    for (let i = 0; i < rounds; i++) {
      // Most opens are of a few files, as on a real machine.
      const common = this.random(10) < 7;
      const number = common ? this.random(12) : this.random(3000);
      const name = `${DIRECTORIES[number % DIRECTORIES.length]}/file${number}.txt`;
      this.event("SYSCALL_NEWFSTATAT_X", { res: 0, dirfd: -100, path: name, flags: 0 }, tid);
      this.event("SYSCALL_OPENAT_2_X", { fd: 3, dirfd: -100, name, flags: 1, mode: 0, dev: 1, ino: number }, tid);
      for (let r = this.random(3); r > 0; r--) {
        this.event("SYSCALL_READ_X", { res: 4, data: "data", fd: 3, size: 4096 }, tid);
      }
      this.event("SYSCALL_FCNTL_X", { res: 0, fd: 3, cmd: 3, arg: 0 }, tid);
      this.event("SYSCALL_CLOSE_X", { res: 0, fd: 3 }, tid);
      this.event("SYSCALL_FUTEX_X", { res: 0, addr: 0x7f0000000000n, op: 129, val: 1 }, tid);
      if (this.random(8) === 0) this.connection(tid);
    }
  }

  /** A TCP connection to a port of the loopback address. */
  private connection(tid: number): void {
    const port = 8000 + this.random(40);
    const source = inetTuple("127.0.0.1", 40_000 + this.random(20_000), "127.0.0.1", port);
    const target = inetAddress("127.0.0.1", port);
    this.event("SOCKET_SOCKET_X", { fd: 4, domain: 2, type: 1, proto: 0 }, tid);
    this.event("SOCKET_CONNECT_X", { res: 0, tuple: source, fd: 4, addr: target }, tid);
    this.event("SOCKET_SENDTO_X", { res: 5, data: "hello", fd: 4, size: 5 }, tid);
    this.event("SYSCALL_CLOSE_X", { res: 0, fd: 4 }, tid);
  }
}
