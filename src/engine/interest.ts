// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventFlag, EventType, NATIVE_SYSCALLS, SYSCALL_NAMES } from "../batch/event-table.generated.js";
import { type Demand, PLAN_WORDS, PlanAction } from "../batch/plan.js";
import type { Interest } from "../capture/live.js";
import type { BaseSyscalls } from "../config/base-syscalls.js";

/** Numbers of system calls that the programs in the kernel have room for. */
const CALLS = 512;

/** Current events of one system call or more, each with the codes of those; the others are told by generic events. */
const BY_CODE: ReadonlyMap<number, number> = new Map(
  EVENTS.filter(({ id, flags }) => id !== EventType.GENERIC_X && (flags & EventFlag.OLD_VERSION) === 0)
    .filter(({ exit, categories }) => exit && categories.includes("EC_SYSCALL"))
    .flatMap(({ id, sc }) => sc.map((code) => [code, id] as const)),
);

function typeOf(code: number): number {
  return BY_CODE.get(code) ?? EventType.GENERIC_X;
}

function typesIn(...categories: readonly string[]): ReadonlySet<number> {
  return new Set(EVENTS.filter(({ category }) => categories.includes(category)).map(({ id }) => id));
}

const IO = typesIn("io_read", "io_write");
const NET = typesIn("net");
const FILES = typesIn("file", "io_read", "io_write", "io_other");
const STATE: ReadonlySet<number> = new Set(
  EVENTS.filter(({ flags }) => (flags & EventFlag.MODIFIES_STATE) !== 0).map(({ id }) => id),
);

/** What a process is, is told by these: they are watched whatever else is. */
const PROCESSES =
  "capset chdir chroot clone clone3 execve execveat fchdir fork setgid setgid32 setpgid setresgid setresgid32 setresuid setresuid32 setsid setuid setuid32 vfork prctl";

/** The calls of a name, and the events without halves that have it. */
function named(name: string): readonly number[] {
  const events = EVENTS.filter((event) => event.name === name && (event.flags & EventFlag.OLD_VERSION) === 0);
  const codes = events.flatMap(({ id, sc }) => (id === EventType.GENERIC_X ? [] : sc));
  const own = SYSCALL_NAMES.indexOf(name);
  return own > 0 ? [...codes, own] : codes;
}

/** Names of `base_syscalls.custom_set` that are no system call's. */
export function unknownCalls({ customSet }: BaseSyscalls): readonly string[] {
  const name = (entry: string): string => entry.replace(/^!/, "");
  return customSet.filter((entry) => entry !== "" && name(entry) !== "procexit" && named(name(entry)).length === 0);
}

/** Whether calls of an event type read or write data without changing what is known of processes: left out without `all`. */
export function isLeftOut(type: number): boolean {
  return IO.has(type) && !STATE.has(type);
}

/** Chooses among the calls, by code. */
class Choice {
  readonly codes = new Set<number>();

  add(codes: Iterable<number>): void {
    for (const code of codes) this.codes.add(code);
  }

  addNames(names: string): void {
    for (const name of names.split(" ")) this.add(named(name));
  }

  /** The least that the calls that are chosen need besides, to be told with what they are about. */
  repair(): void {
    const has = (types: ReadonlySet<number>): boolean => [...this.codes].some((code) => types.has(typeOf(code)));
    const net = has(NET);
    const files = net || has(FILES);
    const listens = ["accept", "accept4", "listen"].some((name) => named(name).some((code) => this.codes.has(code)));
    this.addNames(PROCESSES);
    if (net) this.addNames("socket getsockopt");
    if (listens) this.addNames("bind");
    if (files) this.addNames("close");
  }
}

/**
 * Changes the reader's plan to what `base` leaves, and tells the kernel's share of it. In this order, as Falco has it: the
 * calls of rules, and those of the state or in their place those of the custom set; with `repair` alone the least that the
 * rules' need; less the names with a `!`; less, without `all`, those that only read or write data; with `repair` and a
 * custom set, again what is needed. The end of a process is always among them.
 * @param demand what the rules want
 * @param plan of makePlan; types that are left out are skipped from now on
 */
export function chooseCalls(base: BaseSyscalls, demand: Demand, plan: Int32Array): Interest {
  const positive = base.customSet.filter((name) => name !== "" && !name.startsWith("!")).flatMap(named);
  const negative = base.customSet.filter((name) => name.startsWith("!")).flatMap((name) => named(name.slice(1)));
  const choice = new Choice();
  const all = NATIVE_SYSCALLS.filter((code) => code > 0);
  choice.add(all.filter((code) => demand[typeOf(code)] !== undefined));
  if (positive.length > 0) choice.add(positive);
  else if (base.repair) choice.repair();
  else choice.add(all.filter((code) => plan[typeOf(code) * PLAN_WORDS] !== PlanAction.SKIP));
  for (const code of negative) choice.codes.delete(code);
  if (!base.all) for (const code of [...choice.codes]) if (isLeftOut(typeOf(code))) choice.codes.delete(code);
  if (base.repair && positive.length > 0) choice.repair();
  return restrict(choice.codes, plan);
}

function restrict(codes: ReadonlySet<number>, plan: Int32Array): Interest {
  const calls = new Uint8Array(CALLS);
  const events = new Uint8Array(EVENTS.length);
  for (const [number, code] of NATIVE_SYSCALLS.entries()) if (code > 0 && codes.has(code)) calls[number] = 1;
  const chosen = new Set([...codes].map(typeOf));
  // 32-bit programs send and receive through socketcall, and are told by the numbers of sendto and recvfrom.
  for (const [name, as] of [
    ["send", "sendto"],
    ["recv", "recvfrom"],
  ]) {
    if (!named(name).some((code) => codes.has(code))) continue;
    for (const code of named(as)) calls[NATIVE_SYSCALLS.indexOf(code)] = 1;
  }
  for (const { id, categories } of EVENTS) {
    const at = id * PLAN_WORDS;
    const isCall = categories.includes("EC_SYSCALL");
    const isWanted = isCall ? chosen.has(id) : plan[at] !== PlanAction.SKIP || id === EventType.PROCEXIT_1_E;
    if (isWanted) events[id] = 1;
    else if (isCall) plan[at] = PlanAction.SKIP;
  }
  return { calls, events };
}
