// SPDX-License-Identifier: Apache-2.0

/*
 * What evaluating rules costs: CPU ns for each event that reaches the generated functions.
 *
 *   node dist/bench/micro/matcher.js [RULES.yaml...]
 *
 * Without arguments: Falco's own falco_rules.yaml as it is, then its three files with every rule enabled; where they are
 * missing, bench/rules.yaml. The events are made up: types and strings as
 * skewed as on a busy machine, one path in twenty seen only once. "cold" is a pass with empty memos, the code warm.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EVENTS, EventType, ParamType } from "../../src/batch/event-table.generated.js";
import { CATALOG } from "../../src/fields/catalog.generated.js";
import type { Extractor, Field, FieldResolver } from "../../src/fields/field.js";
import type { EventView } from "../../src/fields/view.js";
import { compileMatcher } from "../../src/rules/compile.js";
import { typeFamily } from "../../src/rules/constants.js";
import { formatDiagnostics } from "../../src/rules/diagnostic.js";
import { loadRules } from "../../src/rules/load.js";
import { packageRoot } from "../paths.js";
import { measure, printLine } from "./measure.js";

const EVENT_COUNT = 1 << 17;

/** Share of each type among the events that rules look at, in percent. */
const MIX: readonly (readonly [number, number])[] = [
  [EventType.SYSCALL_OPENAT_2_X, 46],
  [EventType.SYSCALL_OPEN_X, 6],
  [EventType.SYSCALL_EXECVE_19_X, 8],
  [EventType.SYSCALL_CLONE_20_X, 6],
  [EventType.SOCKET_CONNECT_X, 8],
  [EventType.SOCKET_ACCEPT4_6_X, 5],
  [EventType.SOCKET_SENDTO_X, 6],
  [EventType.SYSCALL_UNLINKAT_2_X, 4],
  [EventType.SYSCALL_RENAMEAT_X, 3],
  [EventType.SYSCALL_FCHMODAT_X, 3],
  [EventType.SYSCALL_DUP3_X, 3],
  [EventType.SYSCALL_SETUID_X, 2],
];

/** mulberry32: the same events on every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PATHS =
  "/etc/passwd /etc/ld.so.cache /lib/x86_64-linux-gnu/libc.so.6 /proc/self/stat /usr/lib/locale/C.utf8/LC_CTYPE /dev/null /var/log/syslog /tmp/session /home/user/.ssh/id_rsa /usr/bin/env /root/.bashrc /sys/fs/cgroup/memory.max /var/lib/dpkg/status /run/systemd/notify /etc/shadow".split(
    " ",
  );
const PROGRAMS =
  "nginx bash sh node python3 sshd systemd cron java postgres redis-server containerd runc dockerd ls cat grep sed awk find git make gcc ld sudo apt dpkg curl wget nc ps top id".split(
    " ",
  );

/** Texts of one kind: the first few are most of what is seen. */
function pool(kind: "path" | "program" | "command" | "word", size: number): string[] {
  return Array.from({ length: size }, (_, i) => {
    const path = PATHS[i] ?? `/srv/app/${i % 40}/data/file-${i}.json`;
    const program = PROGRAMS[i] ?? `worker-${i}`;
    if (kind === "path") return path;
    if (kind === "program") return program;
    return kind === "command"
      ? `${program} --config ${path} -v`
      : (["O_RDONLY", "SUCCESS", "root", "<NA>", "file", "ipv4"][i] ?? `w${i}`);
  });
}

interface SyntheticEvent {
  type: number;
  index: number;
}

/** Fields as the catalog has them, over columns of ids that are looked up by the event's index. */
function syntheticFields(): FieldResolver {
  const next = random(7);
  const texts: (string | null)[] = [null, ""];
  const intern = (all: readonly string[]): Int32Array => Int32Array.from(all, (text) => texts.push(text) - 1);
  const pools = {
    path: intern(pool("path", 3000)),
    program: intern(pool("program", 120)),
    command: intern(pool("command", 1500)),
    word: intern(pool("word", 40)),
  };
  const skewed = (ids: Int32Array): number => ids[Math.floor(ids.length * next() ** 4)] as number;
  const onceOnly = (): number => texts.push(`/tmp/build-${texts.length}/object.o`) - 1;
  const column = (kind: keyof typeof pools): Int32Array =>
    Int32Array.from({ length: EVENT_COUNT }, () =>
      kind === "path" && next() < 0.05 ? onceOnly() : skewed(pools[kind]),
    );
  const kindOf = (name: string): keyof typeof pools => {
    if (
      /^fd\.(name|nameraw|directory|filename)|exepath|cwd|arg\.(path|name|oldpath|newpath|target|filename)/.test(name)
    )
      return "path";
    if (/cmdline|args|\.env/.test(name)) return "command";
    return /^proc\.(a|p|s)?(name|exe)/.test(name) ? "program" : "word";
  };
  const extractor = (name: string, type: number): Extractor => {
    const family = typeFamily(type);
    if (name === "evt.type") {
      return { shape: "keyed", dense: true, key: (e) => e.type, text: (key) => EVENTS[key]?.name ?? null };
    }
    if (family === "bool") {
      const bits = Uint8Array.from({ length: EVENT_COUNT }, () => (next() < 0.3 ? 1 : 0));
      return { shape: "bool", get: (e) => bits[indexOf(e)] as number };
    }
    if (family === "number" || family === "port") {
      const numbers = Int32Array.from({ length: EVENT_COUNT }, () => Math.floor(next() ** 6 * 70_000) - 2);
      return { shape: "number", get: (e) => numbers[indexOf(e)] as number };
    }
    if (family === "address" || family === "network") {
      const ids = Int32Array.from({ length: EVENT_COUNT }, () => -1);
      return { shape: "keyed", dense: true, key: (e) => ids[indexOf(e)] as number, text: () => null };
    }
    const ids = column(kindOf(name));
    if (/^proc\.a(name|exe|exepath|cmdline)$/.test(name)) {
      return {
        shape: "each",
        keys: (e, keys) => {
          for (let i = 0; i < 4; i++) keys[i] = ids[(indexOf(e) + i) & (EVENT_COUNT - 1)] as number;
          return 4;
        },
        text: (key) => texts[key] ?? null,
        output: () => null,
      };
    }
    return { shape: "keyed", dense: true, key: (e) => ids[indexOf(e)] as number, text: (key) => texts[key] ?? null };
  };
  const known = new Map<string, Field>();
  return (text) => {
    let field = known.get(text);
    if (field !== undefined) return field;
    const entry = CATALOG.filter(({ name }) => text === name || /^[.[]/.test(text.slice(name.length)))
      .filter(({ name }) => text.startsWith(name))
      .sort((a, b) => b.name.length - a.name.length)[0];
    if (entry === undefined) return { error: `filter_check called with nonexistent field ${text}` };
    field = {
      name: text,
      base: entry.name,
      arg: null,
      type: entry.type === ParamType.DYN ? ParamType.CHARBUF : entry.type,
      list: entry.list,
      flags: entry.flags,
      deprecated: entry.deprecated,
      filterOnly: entry.filterOnly,
      extract: extractor(text, entry.type),
      address: null,
      demand: () => {},
      value: () => ({ text: null, json: "null" }),
    };
    known.set(text, field);
    return field;
  };
}

function indexOf(e: EventView): number {
  return (e as unknown as SyntheticEvent).index;
}

function eventTypes(): Uint16Array {
  const next = random(3);
  return Uint16Array.from({ length: EVENT_COUNT }, () => {
    let at = next() * 100;
    for (const [type, share] of MIX) {
      at -= share;
      if (at < 0) return type;
    }
    return EventType.SYSCALL_OPENAT_2_X;
  });
}

function run(title: string, paths: readonly string[], all: boolean): void {
  const resolver = syntheticFields();
  const loaded = loadRules(
    paths.map((path) => ({ path, content: readFileSync(path, "utf8") })),
    { resolver, selection: all ? [{ enable: true, rule: "*" }] : [] },
  );
  if (!loaded.ok) throw new Error(formatDiagnostics(loaded.diagnostics));
  const started = performance.now();
  const matcher = compileMatcher(loaded.ruleSet, "syscall", resolver, { strings: 1 << 20 });
  const compileMs = performance.now() - started;
  const types = eventTypes();
  const event: SyntheticEvent = { type: 0, index: 0 };
  const view = event as unknown as EventView;
  let hits = 0;
  const pass = (): void => {
    for (let i = 0; i < EVENT_COUNT; i++) {
      event.type = types[i] as number;
      event.index = i;
      hits += matcher.match(view);
    }
  };
  const { rules, atoms, words, types: perType } = matcher.statistics();
  const sizes = perType.map(({ sizes: each }) => each.reduce((a, b) => a + b, 0));
  const first = measure(EVENT_COUNT, pass, 1, 0);
  const warm = measure(EVENT_COUNT, pass, 15, 5);
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 10; i++) pass();
  const allocated = (process.memoryUsage().heapUsed - before) / (10 * EVENT_COUNT);
  const cold = measure(
    EVENT_COUNT,
    () => {
      matcher.forget();
      pass();
    },
    5,
    0,
  );
  printLine(`${title}, first pass`, first);
  printLine(`${title}, cold`, cold);
  printLine(`${title}, warm`, warm);
  process.stdout.write(
    `${title}: ${rules} rules, ${atoms} atoms, ${words} memo words (${4 * words} bytes a string), compiled in ${compileMs.toFixed(0)} ms; ` +
      `${perType.length} types, code ${Math.max(...sizes)} characters at the most in one, ` +
      `${Math.max(...perType.flatMap(({ sizes: each }) => each))} in one function; ` +
      `${(hits / EVENT_COUNT / 32).toFixed(3)} hits an event, ${allocated.toFixed(2)} bytes allocated an event\n`,
  );
}

const official = join(packageRoot(), "..", "shared", "data", "rules", "official");
const three = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"].map((name) =>
  join(official, name),
);
const given = process.argv.slice(2);
if (given.length > 0) {
  run("given rules", given, false);
} else if (three.every((path) => existsSync(path))) {
  run("falco_rules.yaml", three.slice(0, 1), false);
  run("all official rules", three, true);
} else {
  run("bench/rules.yaml", [join(packageRoot(), "bench", "rules.yaml")], false);
}
