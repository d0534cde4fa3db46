// SPDX-License-Identifier: Apache-2.0

import { ScapBuilder } from "../support/scap-builder.js";

const CLONE_FLAGS = 0x1200011;
const FAMILIES = 4;

/**
 * A capture in which what a thread's ancestors are called changes with almost every event: a few families of shell,
 * parent and child; shells and parents exec, children open files and fork short-lived grandchildren.
 * @param rounds eight events each, about
 */
export function busyCapture(rounds: number): ScapBuilder {
  const builder = new ScapBuilder().section().machine({ hostname: "box", bootTime: 1_600_000_000_000_000_000n });
  const threads = [{ tid: 1, comm: "init", exe: "/sbin/init", cwd: "/", ptid: 0 }];
  for (let f = 0; f < FAMILIES; f++) {
    threads.push({ tid: 100 + f, comm: "shell", exe: "/bin/sh", cwd: "/root/", ptid: 1 });
    threads.push({ tid: 200 + f, comm: "parent", exe: "/bin/parent", cwd: "/root/", ptid: 100 + f });
    threads.push({ tid: 300 + f, comm: "child", exe: "/bin/child", cwd: "/data/", ptid: 200 + f });
  }
  builder.threads(threads);
  for (let round = 0; round < rounds; round++) {
    const f = (round * 7 + (round >> 3)) % FAMILIES;
    const [shell, parent, child] = [100 + f, 200 + f, 300 + f];
    exec(builder, parent, shell, `parent${round}`, round);
    open(builder, child, round);
    if (round % 3 === 0) exec(builder, shell, 1, `shell${round}`, round);
    if (round % 5 === 0) exec(builder, parent, shell, `tool-${round % 30}`, round);
    open(builder, child, round + 1);
    if (round % 4 === 0) grandchild(builder, child, 1000 + round, round);
  }
  return builder;
}

function open(builder: ScapBuilder, tid: number, n: number): void {
  const name = n % 3 === 0 ? `relative-${n % 40}` : `/data/dir-${n % 9}/../file-${n % 60}`;
  builder.event("SYSCALL_OPENAT_2_X", { fd: 5, dirfd: -100, name, flags: 1, mode: 0, dev: 1, ino: n }, { tid });
  builder.event("SYSCALL_READ_X", { res: 4, data: Buffer.from("data"), fd: 5, size: 64 }, { tid });
  builder.event("SYSCALL_CLOSE_X", { res: 0, fd: 5 }, { tid });
}

function exec(builder: ScapBuilder, tid: number, ptid: number, name: string, n: number): void {
  builder.event(
    "SYSCALL_EXECVE_19_X",
    {
      res: 0,
      exe: `/usr/bin/${name}`,
      args: [`--round=${n}`],
      tid,
      pid: tid,
      ptid,
      cwd: "/root/",
      comm: name,
      env: ["A=1"],
      tty: 0,
      loginuid: -1,
      uid: 0,
      gid: 0,
      trusted_exepath: `/usr/bin/${name}`,
    },
    { tid },
  );
}

function grandchild(builder: ScapBuilder, parent: number, tid: number, n: number): void {
  const common = { exe: "/bin/child", args: [], cwd: "/data/", comm: "child", uid: 0, gid: 0 };
  const ids = { flags: CLONE_FLAGS, vtid: 0, vpid: 0 };
  builder.event(
    "SYSCALL_CLONE_20_X",
    { res: tid, ...common, tid: parent, pid: parent, ptid: parent - 100, ...ids, vtid: parent, vpid: parent },
    { tid: parent },
  );
  builder.event(
    "SYSCALL_CLONE_20_X",
    { res: 0, ...common, tid, pid: tid, ptid: parent, ...ids, vtid: tid, vpid: tid },
    { tid },
  );
  open(builder, tid, n);
  builder.event("PROCEXIT_1_E", { status: 0, ret: 0, sig: 0, core: 0, reaper_tid: 1 }, { tid });
}

/** Rules that print what changes. */
export const BUSY_RULES = `
- macro: opened
  condition: (evt.type = openat and evt.rawres >= 0)
- rule: File opened
  desc: a file is opened
  condition: opened and fd.name startswith /data/file
  output: "opened | n=%evt.num file=%fd.name name=%proc.name parent=%proc.pname a2=%proc.aname[2] a3=%proc.aname[3] a4=%proc.aname[4]"
  priority: NOTICE
  tags: [files, b]
- rule: Seventh parent
  desc: the parent's name ends in 7
  condition: opened and proc.pname endswith 7
  output: "seventh | n=%evt.num parent=%proc.pname command=%proc.pcmdline"
  priority: WARNING
- rule: Program run
  desc: a program is run
  condition: evt.type = execve and proc.name startswith tool
  output: "run | n=%evt.num command=%proc.cmdline parent=%proc.pname cwd=%proc.cwd missing=%fd.name"
  priority: INFO
`;
