// SPDX-License-Identifier: Apache-2.0

import type { EventSpec } from "../support/records.js";
import { Bed, cloneCaller, cloneChild, close, EMPTY_HEADER, exec, exit, open, read, thread, X } from "./harness.js";
import { Model } from "./model.js";

/** One step of a script; the numbers are taken modulo what makes sense, so any script is a legal one. */
export interface Step {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const TIDS = 14;
const FLAGS = [0, 0, 0, 1 << 13, 1 << 13, 1, 1 << 27, 1 << 6, 1 << 8];
const START = 1_700_000_000_000_000_000n;

/** Turns steps into events. Time moves a microsecond at a time, and sometimes three seconds. */
export class Script {
  private time = START;

  event(step: Step): EventSpec {
    this.time += step.op % 31 === 30 ? 3_000_000_000n : 1000n;
    return { ...this.plain(step), time: this.time };
  }

  private plain({ op, a, b, c }: Step): EventSpec {
    const tid = 1 + (a % TIDS);
    const other = 1 + (b % TIDS);
    const flags = FLAGS[c % FLAGS.length] as number;
    const comm = `p${b % 7}${c % 5}`;
    switch (op % 15) {
      case 0:
      case 1:
        return cloneCaller(tid, other, { comm, flags, pid: 1 + (c % TIDS), ptid: other, vtid: tid, args: `x${c % 3}` });
      case 2:
      case 3: {
        const pid = (flags & (1 << 13)) !== 0 ? 1 + (c % TIDS) : tid;
        return cloneChild(tid, other, { comm, flags, pid, vtid: c % 11 === 0 ? 2 : tid, vpid: pid });
      }
      case 4:
      case 5:
        return exec(tid, comm, { args: c % 2 === 0 ? null : `a${c % 3}`, pid: tid, ptid: other });
      case 6:
        return exit(tid, c % 4 === 0 ? other : 0);
      case 7:
        return { type: X.SYSCALL_SETSID_X, tid, params: { res: tid } };
      case 8:
        return { type: X.SYSCALL_CHDIR_X, tid, params: { res: 0, path: `/d${c % 5}` } };
      case 9:
      case 10:
        return open(tid, b % 5, `/f${c % 9}`, c % 3 === 0 ? 4097 : 1);
      case 11:
        return { type: X.SYSCALL_DUP2_X, tid, params: { res: c % 5, oldfd: b % 5, newfd: c % 5 } };
      case 12:
        return close(tid, b % 5);
      case 13:
        return { type: X.SYSCALL_PRCTL_X, tid, params: { res: 0, option: 36, arg2_str: null, arg2_int: c % 2 } };
      default:
        return read(tid, b % 5);
    }
  }
}

/** A bed and a model that begin with the same three processes. */
export function twins(): { bed: Bed; model: Model } {
  const bed = new Bed(({ id }) => ({
    ...EMPTY_HEADER,
    threads: [
      thread(1, { ptid: 0, comm: id("init"), cwd: id("/") }),
      thread(2, { ptid: 1, comm: id("sh"), cwd: id("/") }),
      thread(3, { ptid: 2, comm: id("job"), cwd: id("/") }),
    ],
  }));
  const model = new Model();
  model.add(1, 0, "init");
  model.add(2, 1, "sh");
  model.add(3, 2, "job");
  model.linkAll();
  return { bed, model };
}

/** A small generator with a fixed seed. */
export function steps(count: number, seed: number): Step[] {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state >>> 3;
  };
  return Array.from({ length: count }, () => ({ op: next(), a: next(), b: next(), c: next() }));
}
