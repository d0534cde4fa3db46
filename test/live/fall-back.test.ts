// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exampleFor } from "../../src/cli/example.js";
import { packageRoot } from "../support/shared.js";

/** `npm start` on machines that cannot be watched: the reason, what to do, and an example. */

const folder = mkdtempSync(join(tmpdir(), "peregrine-fall-back-"));
after(() => rmSync(folder, { recursive: true }));

const bin = (root: string): string => join(root, "bin", "peregrine.js");
const isRoot = process.platform === "linux" && process.getuid?.() === 0;

/** What the default rules say of the example, in its order. */
const EXPECTED = [
  "Sensitive file read",
  "Link to a sensitive file",
  "Credential search",
  "Shell history cleared",
  "Shell history cleared",
  "Write below a binary directory",
  "Cron job written",
];

interface Started {
  readonly status: number | null;
  readonly rules: string[];
  readonly log: { readonly code?: string; readonly msg: string }[];
}

function start(command: readonly string[]): Started {
  const [program = "", ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", cwd: folder });
  const lines = (text: string): unknown[] =>
    text
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  return {
    status,
    rules: lines(stdout).map((line) => (line as { rule: string }).rule),
    log: lines(stderr) as Started["log"],
  };
}

/** Asserts that the example was replayed, and that one sentence with this code says why. */
function replayed({ status, rules, log }: Started, code: string, reason: RegExp): void {
  assert.equal(status, 0, JSON.stringify(log));
  const sentences = log.filter((line) => line.code === code);
  assert.equal(sentences.length, 1, JSON.stringify(log));
  assert.match(sentences[0]?.msg ?? "", reason);
  assert.match(sentences[0]?.msg ?? "", /a capture that Peregrine recorded is replayed: .*first-look\.scap$/);
  assert.deepEqual(rules, EXPECTED);
}

test("there is an example for a machine that cannot be watched, and for that alone", () => {
  const failure = { code: "LIVE_BTF", message: "no types", offset: -1 };
  assert.match(
    exampleFor({ failure, events: 0 })?.sentence ?? "",
    /no types\. Use a kernel that was built with CONFIG/,
  );
  assert.equal(exampleFor({ failure: null, events: 0 }), null);
  assert.equal(exampleFor({ failure, events: 7 }), null, "it was watched, and broke");
  assert.equal(exampleFor({ failure: { ...failure, code: "ADDON_MISSING" }, events: 0 }), null);
});

test("not Linux", () => {
  const other = "data:text/javascript,Object.defineProperty(process, 'platform', { value: 'darwin' })";
  const started = start([process.execPath, "--import", other, bin(packageRoot), "--or-example"]);
  replayed(started, "LIVE_PLATFORM", /cannot be watched on darwin.*works on Linux for x86_64/);
});

test("no root", { skip: isRoot ? false : "taking rights away needs root" }, () => {
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  replayed(start([...nobody, process.execPath, bin(packageRoot), "--or-example"]), "LIVE_PERMISSION", /Run it as root/);
});

test("root without CAP_BPF", { skip: isRoot ? false : "taking rights away needs root" }, () => {
  const less = ["setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin"];
  replayed(start([...less, process.execPath, bin(packageRoot), "--or-example"]), "LIVE_PERMISSION", /CAP_BPF/);
});

test("the addon is not built: one sentence, and nothing that could be replayed", () => {
  const root = join(folder, "package");
  mkdirSync(join(root, "dist"), { recursive: true });
  for (const name of ["bin", "examples", "rules", "package.json", "binding.gyp"]) {
    cpSync(join(packageRoot, name), join(root, name), { recursive: true });
  }
  cpSync(join(packageRoot, "dist", "src"), join(root, "dist", "src"), { recursive: true });
  symlinkSync(join(packageRoot, "node_modules"), join(root, "node_modules"));
  const { status, rules, log } = start([process.execPath, bin(root), "--or-example"]);
  assert.equal(status, 1);
  assert.deepEqual(rules, []);
  const errors = log.filter((line) => line.code === "ADDON_MISSING");
  assert.equal(errors.length, 1, JSON.stringify(log));
  assert.match(errors[0]?.msg ?? "", /Run npm start or npm test once/);
});
