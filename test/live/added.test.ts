// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { logLines } from "../e2e/support.js";
import { packageRoot } from "../support/shared.js";
import { buildPrograms, cannotWatch, Watching } from "./watching.js";

/** A plugin adds events to this machine's, and captures are written around matches of both. */

const skip = cannotWatch();
const bin = join(packageRoot, "bin", "peregrine.js");
let folder = "";
let watching: Watching;

const PLUGIN = `import { definePlugin, SDK_VERSION } from "peregrine/sdk";
export const plugin = definePlugin({
  name: "clock", version: "0.1.0", description: "ticks", contact: "nobody", sdk: SDK_VERSION,
  init: (config, context) => context,
  source: {
    id: 999, source: "clock",
    open: (context) => {
      let n = 0;
      const accepted = context.metric("accepted", "counter");
      const emit = (data) => context.emit({ name: "tick", data }) && accepted.add(1);
      emit("x".repeat(9 << 20));
      return {
        nextBatch: async () => {
          for (let i = 0; i < 20; i++) emit(String(++n));
          await new Promise((resolve) => setTimeout(resolve, 10));
          return { events: [] };
        },
        close: () => {},
      };
    },
  },
  asyncEvents: { names: ["tick"], sources: ["syscall"] },
});
`;

interface Summary {
  readonly alertsByRule: Readonly<Record<string, number>>;
  readonly sources: readonly { readonly ledger: { readonly lost: readonly Lost[] } }[];
  readonly plugins: readonly { readonly unwritten: number; readonly metrics: Readonly<Record<string, number>> }[];
}

interface Lost {
  readonly stage: string;
  readonly cause: string;
  readonly events: number;
}

const OVERSIZE: Lost = { stage: "reader", cause: "oversize", events: 1 };

const RULES = `- rule: marks
  desc: marks
  condition: evt.type = execve and proc.args contains mark-
  output: mark %proc.args
  priority: NOTICE
- rule: caught
  desc: a file is opened
  condition: evt.type in (open, openat) and fd.name endswith caught-file
  output: caught %evt.rawtime %fd.name
  priority: WARNING
  capture: true
  capture_duration: 1
- rule: ticked
  desc: a plugin has added an event
  condition: evt.asynctype = tick
  output: ticked %evt.rawtime
  priority: INFO
`;

before(async () => {
  if (skip !== false) return;
  folder = buildPrograms();
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const plugin = file("clock.mjs", PLUGIN);
  const config = file(
    "falco.yaml",
    `json_output: false
stdout_output: {enabled: true}
capture: {enabled: true, path_prefix: ${join(folder, "cap")}}
plugins: [{name: clock, library_path: ${plugin}}]
`,
  );
  const args = [
    "-c",
    config,
    "-r",
    file("rules.yaml", RULES),
    "--enable-source",
    "syscall",
    "--enable-source",
    "clock",
  ];
  watching = new Watching(folder, args, (line, mark) => line.includes(mark));
  await watching.settled();
});

after(async () => {
  if (skip !== false) return;
  await watching.end();
  const [line] = logLines(watching.errors, "ledger");
  const { alertsByRule, sources, plugins } = line as unknown as Summary;
  const [{ ledger }] = sources;
  const [{ metrics, unwritten }] = plugins;
  const late = unwritten === 0 ? [] : [{ stage: "plugin", cause: "unwritten", events: unwritten }];
  assert.deepEqual(ledger.lost, [OVERSIZE, ...late], "what no batch has room for is lost, and in the ledger");
  const { accepted } = metrics;
  assert.equal((alertsByRule["ticked"] ?? 0) + OVERSIZE.events + unwritten, accepted, "none is unaccounted for");
});

const captures = (): string[] => readdirSync(folder).filter((name) => /^cap_\d{20}_\d{20}\.scap$/.test(name));

test("a capture is around its match, however many events were added before it", { skip }, async () => {
  const ticks = (): number => watching.lines.filter((line) => line.includes("ticked")).length;
  while (ticks() < 1000) await watching.settled();
  spawnSync("sh", ["-c", "echo > caught-file; rm caught-file"], { cwd: folder });
  const find = (): string | undefined => watching.lines.find((line) => line.includes("caught"));
  while (find() === undefined || !/capture of \d+ events around/.test(watching.errors)) await watching.settled();
  const [file = ""] = captures();
  const caught = find() ?? "";
  const time = /caught (\d+)/.exec(caught)?.[1] ?? "";
  assert.ok(file.startsWith(`cap_${time.padStart(20, "0")}_`), `${file}: ${caught}`);
  const again = spawnSync(
    process.execPath,
    [
      ...[bin, "-r", join(folder, "rules.yaml"), "-e", join(folder, file)],
      ...["-o", "json_output=false", "-o", "stdout_output.enabled=true"],
    ],
    { maxBuffer: 1 << 28 },
  );
  const lines = again.stdout.toString().split("\n");
  assert.ok(
    lines.some((line) => line.includes(`caught ${time}`)),
    `${lines.join("\n")}\n${again.stderr.toString()}`,
  );
  const ticksOf = (from: number): bigint[] =>
    lines.slice(from).flatMap((line) => (/ticked (\d+)/.exec(line) ?? []).slice(1).map(BigInt));
  const times = ticksOf(0);
  assert.ok(times.length > 0, "what was added is in it");
  // What was added before it was read may be later: the kernel's events wait a little.
  const end = BigInt(time) + 1_000_000n;
  const behind = ticksOf(lines.findIndex((line) => line.includes(`caught ${time}`)));
  assert.ok(
    behind.every((each) => each <= end),
    `${behind.at(-1)} is behind ${end}`,
  );
  const told = new Set(watching.lines.flatMap((line) => (/ticked (\d+)/.exec(line) ?? []).slice(1)));
  assert.ok(
    times.every((each) => told.has(String(each))),
    "and is told again as it was",
  );
});
