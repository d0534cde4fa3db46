// SPDX-License-Identifier: Apache-2.0

import type { EventSpec } from "../support/records.js";
import { X } from "./harness.js";

/*
 * The state machine once more, as plainly as can be: objects, maps and scans, nothing versioned, nothing shared. It is
 * what the real tables are compared with, so it is written from the rules and not from them.
 */

const FILES = 1;
const THREAD = 1 << 13;
const INVERTED = 1 << 16;
const NOT_FROM_CALLER = (1 << 29) | (1 << 6) | (1 << 8) | (1 << 27);
const TWO_SECONDS = 2_000_000_000n;

interface File {
  readonly name: string;
  readonly cloexec: boolean;
}

interface Task {
  readonly tid: number;
  /** When it came into its group. */
  order: number;
  pid: number;
  ptid: number;
  vtid: number;
  vpid: number;
  sid: number;
  flags: number;
  comm: string;
  args: string;
  cwd: string;
  cloneTime: bigint;
  dead: boolean;
  linked: boolean;
  reaperTid: number;
  files: Map<number, File>;
}

/** What one event sees: texts, in a fixed order, null where there is nothing. */
export type Answer = readonly (string | null)[];

/** How many ancestors an answer holds. */
export const DEPTH = 8;

export class Model {
  private readonly tasks = new Map<number, Task>();
  private readonly reapers = new Set<number>();
  private readonly exits: { ptid: number; tid: number; time: bigint }[] = [];
  private ending: number | null = null;
  private endingTime = 0n;
  private closing: { tid: number; fd: number } | null = null;
  private order = 0;
  private time = 1_700_000_000_000_000_000n;

  /** A process of the initial list. */
  add(tid: number, ptid: number, comm: string): void {
    const task = this.fresh(tid);
    Object.assign(task, { pid: tid, ptid, vtid: tid, vpid: tid, sid: tid, comm, cwd: "/" });
  }

  /** To be called once all of the initial list is there. */
  linkAll(): void {
    for (const task of this.tasks.values()) this.link(task);
  }

  apply(event: EventSpec): Answer {
    this.time = event.time ?? this.time + 1000n;
    this.deferred();
    const tid = Number(event.tid);
    const findOnly = event.type === X.SYSCALL_CLONE_20_X || event.type === X.PROCEXIT_1_E;
    if (!findOnly && !this.tasks.has(tid)) this.placeholder(tid);
    const p = (event.params ?? {}) as Record<string, number | string | null>;
    const num = (name: string): number => Number(p[name] ?? 0);
    let fd = event.type === X.SYSCALL_CLOSE_X || event.type === X.SYSCALL_READ_X ? num("fd") : -1;
    const task = this.tasks.get(tid);
    switch (event.type) {
      case X.SYSCALL_CLONE_20_X:
        if (num("res") === 0) this.childSide(tid, p);
        else this.callerSide(tid, num("res"), p);
        break;
      case X.SYSCALL_EXECVE_19_X:
        if (task) this.exec(task, p);
        break;
      case X.PROCEXIT_1_E:
        if (task) {
          if (this.children(task).length > 0) task.reaperTid = num("reaper_tid");
          task.dead = true;
          this.ending = tid;
          this.endingTime = this.time;
        }
        break;
      case X.SYSCALL_SETSID_X:
        if (task) task.sid = num("res");
        break;
      case X.SYSCALL_PRCTL_X:
        if (task?.linked) {
          if (num("arg2_int") !== 0) this.reapers.add(task.pid);
          else this.reapers.delete(task.pid);
        }
        break;
      case X.SYSCALL_CHDIR_X: {
        const leader = task && this.leader(task);
        if (leader) leader.cwd = `${String(p["path"])}/`;
        break;
      }
      case X.SYSCALL_OPEN_X:
        fd = num("fd");
        this.table(task)?.set(fd, { name: String(p["name"]), cloexec: (num("flags") & 4096) !== 0 });
        break;
      case X.SYSCALL_DUP2_X: {
        const file = this.table(task)?.get(num("oldfd"));
        fd = num("oldfd");
        if (file) {
          fd = num("res");
          this.table(task)?.set(fd, { name: file.name, cloexec: false });
        }
        break;
      }
      case X.SYSCALL_CLOSE_X: {
        const owner = task && this.owner(task);
        if (owner?.files.has(fd)) this.closing = { tid: owner.tid, fd };
        break;
      }
      default:
    }
    return this.answer(tid, fd);
  }

  private answer(tid: number, fd: number): Answer {
    const task = this.tasks.get(tid);
    if (!task) return [null];
    const leader = this.leader(task);
    const out: (string | null)[] = [
      task.comm,
      task.args === "" ? task.comm : `${task.comm} ${task.args}`,
      leader ? leader.cwd : null,
      String(task.ptid),
      this.table(task)?.get(fd)?.name ?? null,
      this.tasks.get(task.sid)?.comm ?? null,
    ];
    let at: Task | undefined = leader;
    for (let i = 0; i < DEPTH; i++) {
      const parent: Task | undefined = at && this.tasks.get(at.ptid);
      at = parent && this.leader(parent);
      out.push(at ? at.comm : null);
    }
    return out;
  }

  private fresh(tid: number): Task {
    const task: Task = {
      tid,
      order: 0,
      pid: -1,
      ptid: -1,
      vtid: -1,
      vpid: -1,
      sid: -1,
      flags: 0,
      comm: "<NA>",
      args: "",
      cwd: "",
      cloneTime: 0n,
      dead: false,
      linked: false,
      reaperTid: 0,
      files: new Map(),
    };
    this.tasks.set(tid, task);
    return task;
  }

  private placeholder(tid: number): Task {
    return this.fresh(tid);
  }

  private leader(task: Task): Task | undefined {
    return task.pid === task.tid ? task : this.tasks.get(task.pid);
  }

  private owner(task: Task): Task | undefined {
    return (task.flags & FILES) !== 0 ? this.leader(task) : task;
  }

  private table(task: Task | undefined): Map<number, File> | undefined {
    return task && this.owner(task)?.files;
  }

  private invalid(task: Task): boolean {
    return task.pid < 0 || task.ptid < 0;
  }

  private children(task: Task): Task[] {
    return [...this.tasks.values()].filter((other) => other.linked && other.ptid === task.tid && other.pid !== 1);
  }

  /** Threads of a group, the leader first, the others as they came. */
  private group(pid: number): Task[] {
    const members = [...this.tasks.values()].filter((task) => task.linked && task.pid === pid);
    const first = (task: Task): number => (task.tid === pid ? 0 : 1);
    return members.sort((a, b) => first(a) - first(b) || a.order - b.order);
  }

  private link(task: Task): void {
    if (this.invalid(task) || task.linked) return;
    const empty = this.group(task.pid).length === 0;
    task.linked = true;
    task.order = this.order++;
    if (empty) {
      if (task.pid === 1 || task.vpid === 1) this.reapers.add(task.pid);
      else this.reapers.delete(task.pid);
    }
    if (task.pid === 1) return;
    const parent = this.tasks.get(task.ptid);
    if (!parent || parent === task || this.invalid(parent)) task.ptid = 0;
  }

  private deferred(): void {
    const ending = this.ending === null ? undefined : this.tasks.get(this.ending);
    this.ending = null;
    if (ending) {
      this.exits.push({ ptid: ending.ptid, tid: ending.tid, time: this.endingTime });
      if (this.exits.length > 64) this.exits.shift();
      this.remove(ending);
    }
    if (this.closing) this.tasks.get(this.closing.tid)?.files.delete(this.closing.fd);
    this.closing = null;
  }

  private remove(task: Task): void {
    if (!task.linked || this.invalid(task)) {
      this.erase(task);
      return;
    }
    task.dead = true;
    const children = this.children(task);
    if (children.length > 0) {
      const told = task.reaperTid > 0 ? this.tasks.get(task.reaperTid) : undefined;
      const good = told && told !== task && !this.invalid(told) ? told : this.findReaper(task);
      if (good && good.pid !== task.pid && good.linked) this.reapers.add(good.pid);
      for (const child of children) child.ptid = good && good !== child ? good.tid : 0;
    }
    const leads = task.pid === task.tid;
    const leader = leads ? task : this.tasks.get(task.pid);
    const alive = this.group(task.pid).filter((member) => !member.dead).length;
    if (!leads) this.erase(task);
    if (alive === 0 && leader && (leads || leader.dead)) this.erase(leader);
  }

  private erase(task: Task): void {
    for (const child of this.children(task)) child.ptid = 0;
    this.tasks.delete(task.tid);
    if (this.group(task.pid).length === 0) this.reapers.delete(task.pid);
    if (this.closing?.tid === task.tid) this.closing = null;
  }

  private findReaper(task: Task): Task | undefined {
    const living = (pid: number): Task | undefined => this.group(pid).find((member) => !member.dead && member !== task);
    const own = living(task.pid);
    if (own) return own;
    const inside = this.inside(task);
    let ancestor = this.tasks.get(task.ptid);
    for (let steps = 0; ancestor && ancestor !== task && steps < 1024; steps++) {
      if (this.inside(ancestor) !== inside) return undefined;
      if (ancestor.linked && this.reapers.has(ancestor.pid)) {
        const heir = living(ancestor.pid);
        if (heir) return heir;
      }
      ancestor = this.tasks.get(ancestor.ptid);
    }
    return undefined;
  }

  private inside(task: Task): boolean {
    return (task.flags & (1 << 29)) !== 0 || (task.vtid >= 0 && task.vtid !== task.tid);
  }

  private callerSide(tid: number, childTid: number, p: Record<string, number | string | null>): void {
    const caller = this.tasks.get(tid) ?? this.placeholder(tid);
    const known = !this.invalid(caller);
    if (!known) {
      caller.pid = Number(p["pid"]);
      caller.ptid = Number(p["ptid"]);
      caller.vtid = Number(p["vtid"]);
      caller.vpid = Number(p["vpid"]);
      this.link(caller);
      caller.comm = String(p["comm"]);
      caller.args = String(p["args"]);
    }
    const flags = Number(p["flags"]);
    if ((flags & NOT_FROM_CALLER) !== 0 || caller.vtid !== tid || childTid === tid) return;
    const gone = (exit: { ptid: number; tid: number; time: bigint }): boolean =>
      exit.tid === childTid && exit.ptid === tid && this.time - exit.time < TWO_SECONDS;
    if (this.exits.some(gone)) return;
    const there = this.tasks.get(childTid);
    if (there) {
      if ((there.flags & INVERTED) !== 0) return;
      this.remove(there);
      if (this.tasks.has(childTid) || this.tasks.get(tid) !== caller) return;
    }
    const thread = (flags & THREAD) !== 0;
    const child = this.fresh(childTid);
    child.pid = thread ? caller.pid : childTid;
    child.ptid = thread ? caller.ptid : tid;
    child.vtid = childTid;
    child.vpid = child.pid;
    this.fill(child, flags, known ? caller : undefined, thread, p);
  }

  private childSide(tid: number, p: Record<string, number | string | null>): void {
    const there = this.tasks.get(tid);
    if (there) {
      if (there.cloneTime !== 0n && this.time - there.cloneTime < TWO_SECONDS) return;
      this.remove(there);
      if (this.tasks.has(tid)) return;
    }
    const flags = Number(p["flags"]) | INVERTED;
    const thread = (flags & THREAD) !== 0;
    const child = this.fresh(tid);
    child.pid = Number(p["pid"]);
    child.ptid = Number(p["ptid"]);
    const from = thread ? child.pid : child.ptid;
    const source = this.tasks.get(from) ?? (from > 0 && from !== tid ? this.placeholder(from) : undefined);
    const known = source && source !== child && !this.invalid(source);
    if (!known && thread && source && source !== child) {
      source.pid = Number(p["pid"]);
      source.ptid = Number(p["ptid"]);
      source.vpid = Number(p["vpid"]);
      source.vtid = source.vpid;
      source.comm = String(p["comm"]);
      source.args = String(p["args"]);
      this.link(source);
    }
    child.vtid = Number(p["vtid"]);
    child.vpid = Number(p["vpid"]);
    this.fill(child, flags, known ? source : undefined, thread, p);
  }

  private fill(
    child: Task,
    flags: number,
    source: Task | undefined,
    thread: boolean,
    p: Record<string, number | string | null>,
  ): void {
    child.flags = thread ? flags | FILES : flags;
    child.comm = String(p["comm"]);
    child.args = String(p["args"]);
    child.cloneTime = this.time;
    if (source) {
      child.sid = source.sid;
      child.cwd = this.leader(source)?.cwd ?? "";
      if (!thread) child.files = new Map(this.table(source));
    }
    this.link(child);
  }

  private exec(seen: Task, p: Record<string, number | string | null>): void {
    let task = seen;
    // Another process's number now: what was known is someone else's.
    if (!this.invalid(task) && Number(p["pid"]) !== task.pid) {
      this.remove(task);
      task = this.tasks.get(seen.tid) ?? this.placeholder(seen.tid);
    }
    task.dead = false;
    if (this.invalid(task)) {
      task.pid = Number(p["pid"]);
      task.ptid = Number(p["ptid"]);
      task.vtid = task.tid;
      task.vpid = task.pid;
      this.link(task);
    }
    task.comm = String(p["comm"]);
    task.args = String(p["args"] ?? "");
    const files = this.table(task);
    for (const [fd, file] of [...(files ?? [])]) if (file.cloexec) files?.delete(fd);
    task.flags &= INVERTED | (1 << 21) | (1 << 22) | (1 << 30);
    if (task.pid !== task.tid) return;
    for (const member of this.group(task.pid)) if (member !== task) this.remove(member);
  }
}
