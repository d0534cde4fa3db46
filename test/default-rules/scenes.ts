// SPDX-License-Identifier: Apache-2.0

import { type ParamValue, ScapBuilder } from "../support/scap-builder.js";
import { inetTuple } from "../support/scap-lists.js";

const CONTAINER_ID = "0123456789ab".padEnd(64, "c");
/** The thread that acts: 500 on the host, 600 and 601 in a container, where 601 is the first process. */
export const HOST = 500;
export const INSIDE = 600;
const FIRST_INSIDE = 601;
const MEMFD = 4;
export const RDONLY = 1;
export const WRONLY = 2;
export const TRUNCATE = 256 | 4 | WRONLY;

export interface Actor {
  readonly tid?: number;
  readonly name?: string;
  readonly parent?: string;
}

/** A small machine on which one thing happens. */
export class Scene {
  readonly builder: ScapBuilder;
  private readonly tid: number;

  constructor({ tid = HOST, name = "tool", parent = "bash" }: Actor = {}) {
    this.tid = tid;
    const cgroups = [`cpu=/docker/${CONTAINER_ID}`];
    const inside = { ptid: 400, comm: name, exe: name, cgroups };
    this.builder = new ScapBuilder()
      .section()
      .machine({ hostname: "box" })
      .interfaces([{ name: "eth0", address: "10.0.0.5" }])
      .threads([
        { tid: 1, comm: "systemd" },
        { tid: 400, ptid: 1, comm: parent, exe: parent },
        { tid: HOST, ptid: 400, comm: name, exe: name },
        { tid: INSIDE, ...inside, vtid: 7, vpid: 7 },
        { tid: FIRST_INSIDE, ...inside, vtid: 1, vpid: 1 },
      ]);
  }

  event(name: Parameters<ScapBuilder["event"]>[0], values: Readonly<Record<string, ParamValue>>): this {
    this.builder.event(name, values, { tid: this.tid });
    return this;
  }

  open(name: string, flags: number, fd = 5): this {
    return this.event("SYSCALL_OPENAT_2_X", { fd, dirfd: -100, name, flags, mode: 0o644, dev: 1, ino: 9 });
  }

  rename(oldpath: string, newpath: string, res = 0): this {
    return this.event("SYSCALL_RENAME_X", { res, oldpath, newpath });
  }

  unlink(path: string, res = 0): this {
    return this.event("SYSCALL_UNLINK_2_X", { res, path });
  }

  symlink(target: string, linkpath: string, res = 0): this {
    return this.event("SYSCALL_SYMLINK_X", { res, target, linkpath });
  }

  exec(path: string, args: readonly string[] = [], more: Readonly<Record<string, ParamValue>> = {}): this {
    const tid = this.tid;
    const contained = tid !== HOST;
    return this.event("SYSCALL_EXECVE_19_X", {
      res: 0,
      exe: path,
      args,
      tid,
      pid: tid,
      ptid: 400,
      cwd: "/",
      comm: path.slice(path.lastIndexOf("/") + 1),
      cgroups: contained ? [`cpu=/docker/${CONTAINER_ID}`] : ["cpu=/"],
      env: [],
      tty: 0,
      loginuid: -1,
      flags: 0,
      uid: 0,
      gid: 0,
      trusted_exepath: path,
      ...more,
    });
  }

  memfdExec(): this {
    return this.exec("/memfd:x", [], { flags: MEMFD });
  }

  container(privileged: boolean, repository = "shop/web"): this {
    const container = { id: CONTAINER_ID.slice(0, 12), type: 0, name: "web", imagerepo: repository, privileged };
    return this.event("CONTAINER_JSON_2_E", { json: JSON.stringify({ container }) });
  }

  connect(address: string, port: number): this {
    this.event("SOCKET_SOCKET_X", { fd: 3, domain: 2, type: 1, proto: 6 });
    return this.event("SOCKET_CONNECT_X", { res: 0, tuple: inetTuple("10.0.0.5", 40000, address, port), fd: 3 });
  }

  accept(address: string, port: number): this {
    const tuple = inetTuple(address, 50000, "10.0.0.5", port);
    return this.event("SOCKET_ACCEPT4_6_X", { fd: 4, tuple, queuepct: 0, queuelen: 0, queuemax: 5, flags: 0 });
  }

  dup2(oldfd: number, newfd: number): this {
    return this.event("SYSCALL_DUP2_X", { res: newfd, oldfd, newfd });
  }
}

export const scene = (actor?: Actor): Scene => new Scene(actor);
export const inside = (name?: string, parent?: string): Scene =>
  new Scene({ tid: INSIDE, name: name ?? "tool", parent: parent ?? "bash" });
export const firstInside = (): Scene => new Scene({ tid: FIRST_INSIDE });
