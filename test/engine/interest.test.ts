// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS, EventType, NATIVE_SYSCALLS, SYSCALL_NAMES } from "../../src/batch/event-table.generated.js";
import { type Demand, PLAN_WORDS, PlanAction } from "../../src/batch/plan.js";
import type { BaseSyscalls } from "../../src/config/base-syscalls.js";
import { chooseCalls, unknownCalls } from "../../src/engine/interest.js";
import { makePlan } from "../../src/state/stage.js";

const DEFAULT: BaseSyscalls = { customSet: [], repair: false, all: false };

function wanting(...types: readonly number[]): Demand {
  const demand: Demand = [];
  for (const type of types) demand[type] = 1;
  return demand;
}

/** Names of the calls that leave the kernel. */
function chosen(base: Partial<BaseSyscalls>, ...types: readonly number[]): Set<string> {
  const demand = wanting(...types);
  const plan = makePlan(demand);
  const { calls, events } = chooseCalls({ ...DEFAULT, ...base }, demand, plan);
  for (const { id, categories } of EVENTS) {
    if (!categories.includes("EC_SYSCALL") || plan[id * PLAN_WORDS] === PlanAction.SKIP) continue;
    assert.equal(events[id], 1, `${EVENTS[id]?.enum} is planned and does not leave the kernel`);
  }
  assert.equal(events[EventType.PROCEXIT_1_E], 1);
  return new Set(
    [...calls.keys()].filter((nr) => calls[nr] === 1).map((nr) => SYSCALL_NAMES[NATIVE_SYSCALLS[nr] ?? 0]),
  );
}

const PROCESSES =
  "capset chdir chroot clone clone3 execve execveat fchdir fork prctl setgid setpgid setresgid setresuid setsid setuid vfork";

test("rules' calls and those that the state needs, but none that only move data", () => {
  const calls = chosen({}, EventType.SYSCALL_WRITE_X, EventType.SYSCALL_PTRACE_X);
  for (const name of [
    "clone",
    "clone3",
    "vfork",
    "execve",
    "chdir",
    "setuid",
    "setsid",
    "prctl",
    "ptrace",
    "open",
    "openat",
    "connect",
    "socket",
    "close",
    "dup3",
  ]) {
    assert.ok(calls.has(name), name);
  }
  for (const name of ["write", "read", "pread64", "getpid"]) assert.ok(!calls.has(name), name);
  assert.ok(chosen({ all: true }, EventType.SYSCALL_WRITE_X).has("write"));
});

test("repair: the least that the rules' calls need", () => {
  const execs = chosen({ repair: true }, EventType.SYSCALL_EXECVE_19_X, EventType.SYSCALL_EXECVEAT_X);
  assert.deepEqual([...execs].sort(), PROCESSES.split(" ").sort());
  const net = chosen({ repair: true }, EventType.SOCKET_CONNECT_X, EventType.SOCKET_ACCEPT_5_X);
  const more = ["accept", "bind", "close", "connect", "getsockopt", "socket"];
  assert.deepEqual([...net].sort(), [...PROCESSES.split(" "), ...more].sort());
  const files = chosen({ repair: true }, EventType.SYSCALL_OPEN_X);
  assert.deepEqual([...files].sort(), [...PROCESSES.split(" "), "close", "open"].sort());
});

test("a custom set takes the place of the state's calls; with repair they are added that it needs", () => {
  const custom = chosen({ customSet: ["ptrace", "getpid"] }, EventType.SYSCALL_OPEN_X);
  assert.deepEqual([...custom].sort(), ["getpid", "open", "ptrace"]);
  const repaired = chosen({ customSet: ["connect"], repair: true }, EventType.SYSCALL_PTRACE_X);
  const more = ["close", "connect", "getsockopt", "ptrace", "socket"];
  assert.deepEqual([...repaired].sort(), [...PROCESSES.split(" "), ...more].sort());
});

test("names with a ! are left out, also where rules ask for them, and alone they leave the rest as it was", () => {
  const all = chosen({}, EventType.SYSCALL_PTRACE_X);
  const less = chosen({ customSet: ["!ptrace", "!openat"] }, EventType.SYSCALL_PTRACE_X);
  assert.deepEqual([...all].filter((name) => !less.has(name)).sort(), ["openat", "ptrace"]);
});

test("names that no call has are told", () => {
  const customSet = ["open", "!close", "opne", "!nothing", "procexit", "getpid", ""];
  assert.deepEqual(unknownCalls({ ...DEFAULT, customSet }), ["opne", "!nothing"]);
});
