// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BUSY_RULES, busyCapture } from "../e2e/busy-capture.js";
import { command, logLines } from "../e2e/support.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-answers-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const GOOD = `- list: shells
  items: [bash, "my sh"]
- macro: spawned
  condition: evt.type in (execve, execveat)
- rule: Shell
  desc: A shell was started by something that does not start shells as a rule, which somebody should have a look at
  condition: spawned and proc.name in (shells)
  output: shell %proc.name
  priority: WARNING
  tags: [process]
`;
const good = file("good.yaml", GOOD);
const warned = file("warned.rules", "- macro: alone\n  condition: evt.type=open\n");
const bad = file("bad.yaml", "- rule: Shell\n  condition: and fd.nmae=x\n  override: {condition: append}\n");
const plugin = file(
  "plugin.yaml",
  `- required_plugin_versions:
  - {name: k8saudit, version: 0.7.0}
- rule: Pod
  desc: d
  source: k8s_audit
  condition: ka.verb in (create, patch) and ka.req.pod.name[0] startswith x
  output: pod %ka.req.pod.name[0] %evt.time
  priority: INFO
`,
);

interface Located {
  readonly item_type: string;
  readonly item_name: string;
  readonly position: { readonly name: string; readonly line: number; readonly column: number; readonly offset: number };
}
interface Finding {
  readonly code: string;
  readonly codedesc: string;
  readonly message: string;
  readonly context: { readonly locations: readonly Located[]; readonly snippet: string };
}
interface Verdicts {
  readonly falco_load_results: readonly {
    readonly name: string;
    readonly successful: boolean;
    readonly errors: readonly Finding[];
    readonly warnings: readonly Finding[];
  }[];
  readonly falco_describe_results?: { readonly rules: readonly object[] };
}

test("-V: a summary of each file, exit 0 with warnings as without", async () => {
  const { status, stdout, stderr } = await command(["-V", good, "-V", warned]);
  assert.equal(status, 0);
  assert.equal(stdout, `${good}: Ok\n${warned}: Ok, with warnings\n 1 warnings: [LOAD_UNUSED_MACRO (Unused macro)]\n`);
  assert.match(stderr, /warned\.rules:1:\d+: warning LOAD_UNUSED_MACRO/);
});

test("-V: files add up, every one gets its verdict, exit 1 where one is invalid", async () => {
  const after = file("after.yaml", "- list: [no name]\n");
  const { status, stdout, stderr } = await command(["-V", good, bad, after]);
  assert.equal(status, 1);
  const [first, second, codes, third] = stdout.split("\n");
  assert.equal(first, `${good}: Ok`);
  assert.equal(second, `${bad}: Invalid`);
  assert.equal(codes, " 1 errors: [LOAD_ERR_COMPILE_CONDITION (Error compiling condition)]");
  assert.equal(third, `${after}: Invalid`);
  assert.match(stderr, /^Error: .*bad\.yaml:2:\d+: error LOAD_ERR_COMPILE_CONDITION/);
  assert.match(stderr, /did you mean 'fd\.name'/);
  assert.match(stderr, /after\.yaml:1:\d+: error LOAD_ERR_YAML_VALIDATE/);
  // Alone, the second file appends to nothing.
  const alone = await command(["-V", bad]);
  assert.match(alone.stdout, /LOAD_ERR_VALIDATE/);
  const missing = await command(["-V", join(folder, "none.yaml")]);
  assert.equal(missing.status, 1);
  assert.equal(logLines(missing.stderr, "code")[0]?.["code"], "RULES_OPEN");
});

test("-V as JSON: keys in order, places from the whole file to the culprit, a snippet", async () => {
  const { status, stdout } = await command(["-V", good, bad, "-o", "json_output=true"]);
  assert.equal(status, 1);
  const { falco_load_results: results } = JSON.parse(stdout) as Verdicts;
  assert.deepEqual(
    results.map(({ name, successful }) => [name, successful]),
    [
      [good, true],
      [bad, false],
    ],
  );
  assert.deepEqual(Object.keys(results[1] ?? {}), [
    "errors",
    "name",
    "schema_valid",
    "schema_warnings",
    "successful",
    "warnings",
  ]);
  const [error] = results[1]?.errors ?? [];
  assert.deepEqual(Object.keys(error ?? {}), ["code", "codedesc", "context", "message"]);
  assert.equal(error?.codedesc, "Error compiling condition");
  assert.match(error?.message ?? "", /nonexistent field fd\.nmae/);
  const { locations = [], snippet } = error?.context ?? {};
  assert.equal(locations[0]?.item_type, "rules content");
  assert.equal(locations[1]?.item_name, "Shell");
  const { position } = locations.at(-1) as Located;
  assert.deepEqual(position, { column: 17, line: 1, name: bad, offset: 31 });
  assert.equal(snippet, `  condition: and fd.nmae=x\n${" ".repeat(17)}^\n`);
  const both = await command(["-V", good, "-L", "-o", "json_output=true"]);
  assert.equal((JSON.parse(both.stdout) as Verdicts).falco_describe_results?.rules.length, 1);
});

test("--assume-plugin: requirement, source and fields of a plugin that is not there", async () => {
  const without = await command(["-V", plugin]);
  assert.equal(without.status, 1);
  assert.match(without.stderr, /must load one of: k8saudit/);
  const assumed = await command(["-V", plugin, "--assume-plugin", "k8saudit:0.8.0:k8s_audit"]);
  assert.equal(assumed.status, 0, assumed.stderr);
  assert.equal(assumed.stdout, `${plugin}: Ok\n`);
  const old = await command(["-V", plugin, "--assume-plugin", "k8saudit:0.6.0:k8s_audit"]);
  assert.match(old.stderr, /'0\.6\.0' is not compatible with required plugin version '0\.7\.0'/);
  const wrong = file("wrong.yaml", "- {rule: Pod, condition: and proc.nmae=x, override: {condition: append}}\n");
  const engine = await command(["-V", plugin, wrong, "--assume-plugin", "k8saudit:0.8.0:k8s_audit"]);
  assert.equal(engine.status, 1, "fields of the engine's own classes are still checked");
  // Wherever the option stands among the files, and -V is not taken to name it.
  for (const args of [
    ["-V", "--assume-plugin", "k8saudit:0.8.0:k8s_audit", plugin],
    ["--assume-plugin", "k8saudit:0.8.0:k8s_audit", "-V", plugin],
    ["-V", plugin, "--assume-plugin", "k8saudit:0.8.0:k8s_audit", wrong],
  ]) {
    assert.deepEqual(await command(args), args.includes(wrong) ? engine : assumed, args.join(" "));
  }
  for (const args of [["-V"], ["-V", "--assume-plugin", "k8saudit:0.8.0:k8s_audit"]]) {
    const nothing = await command(args);
    assert.equal(nothing.status, 2);
    assert.match(nothing.stderr, /option '-V, --validate <file\.\.\.>' argument missing/);
  }
  assert.equal((await command(["-V", plugin, "--assume-plugin", "k8saudit:new:x"])).status, 2);
  const run = await command(["-r", plugin, "--assume-plugin", "k8saudit:0.8.0:k8s_audit"]);
  assert.equal(logLines(run.stderr, "code")[0]?.["code"], "OPTION_CONFLICT");
});

test("-L and -l as text: two columns", async () => {
  const { status, stdout } = await command(["-r", good, "-L"]);
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines[0], `${"Rule".padEnd(50)} Description`);
  assert.match(lines[2] ?? "", /^Shell {46}A shell was started/);
  assert.match(lines[3] ?? "", /^ {51}\S/);
  assert.equal((await command(["-r", good, "-l", "Shell"])).stdout, stdout);
  const unknown = await command(["-r", good, "-l", "shell"]);
  assert.equal(unknown.status, 1);
  assert.equal(logLines(unknown.stderr, "code")[0]?.["msg"], 'Rule "shell" is not loaded');
  assert.equal((await command(["-r", bad, "-L"])).status, 1);
});

test("-L and -l as JSON", async () => {
  const all = JSON.parse((await command(["-r", good, "-L", "-o", "json_output=true"])).stdout) as Record<
    string,
    unknown
  >;
  assert.deepEqual(Object.keys(all), [
    "lists",
    "macros",
    "required_engine_version",
    "required_plugin_versions",
    "rules",
  ]);
  const one = JSON.parse((await command(["-r", good, "-l", "Shell", "-o", "json_output=true"])).stdout) as object;
  assert.deepEqual(one, { rules: all["rules"] });
});

test("--list: text, names, markdown, JSON, of a source that is there", async () => {
  const text = await command(["--list=syscall"]);
  assert.equal(text.status, 0);
  assert.match(text.stdout, /^Field Class: {18}evt\nEvent Sources: {16}syscall$/m);
  assert.match(text.stdout, /^proc\.name {21}\S/m);
  assert.doesNotMatch(text.stdout, /Type: CHARBUF/);
  assert.match((await command(["--list", "-v"])).stdout, /^proc\.name {21}\(Type: CHARBUF\)/m);
  const names = (await command(["--list", "-N"])).stdout.split("\n");
  assert.ok(names.includes("fd.name") && !names.includes("evt.infra.docker.name"));
  const markdown = await command(["--list", "--format", "markdown"]);
  assert.match(markdown.stdout, /^`fd\.num` \| INT64 \| /m);
  const json = await command(["--list", "--format", "json"]);
  const { field_classes: classes } = JSON.parse(json.stdout) as { field_classes: { fields: { name: string }[] }[] };
  assert.deepEqual(
    classes.flatMap(({ fields }) => fields.map(({ name }) => `${name}`)),
    names.slice(0, -1),
  );
  const generic = await command(["--list=aws", "--assume-plugin", "cloudtrail:0.1.0:aws", "-N"]);
  assert.match(generic.stdout, /^evt\.source$/m);
  assert.doesNotMatch(generic.stdout, /proc\.name/);
  const unknown = await command(["--list=aws"]);
  assert.equal(unknown.status, 1);
  assert.match(String(logLines(unknown.stderr, "code")[0]?.["msg"]), /^Value for --list must be a valid source type/);
});

test("--list-events: today's events alone, calls without one of their own by their names", async () => {
  const { status, stdout } = await command(["--list-events"]);
  assert.equal(status, 0);
  assert.match(stdout, /^< close\(ERRNO \*\*res\*\*, FD \*\*fd\*\*\)$/m);
  assert.doesNotMatch(stdout, /^> close\(/m);
  assert.match(stdout, /^< sethostname\(SYSCALLID \*\*ID\*\*, UINT16 \*\*nativeID\*\*\)$/m);
  assert.match(stdout, /^## Metaevents\n\n> drop\(/m);
  const names = stdout.split("\n").filter((line) => /^[<>]/.test(line));
  const json = JSON.parse((await command(["--list-events", "--format", "json"])).stdout) as { events: object[] };
  assert.equal(json.events.length, names.length);
  const markdown = await command(["--list-events", "--format", "markdown"]);
  assert.match(markdown.stdout, /^`<` \| `close` \| ERRNO \*\*res\*\*, FD \*\*fd\*\*$/m);
});

test("--rule-schema is JSON, and has every key of a rule", async () => {
  const { status, stdout } = await command(["--rule-schema"]);
  assert.equal(status, 0);
  const schema = JSON.parse(stdout) as { definitions: { item: { properties: object } } };
  const keys = Object.keys(schema.definitions.item.properties);
  for (const key of ["rule", "exceptions", "override", "warn_evttypes", "required_engine_version"]) {
    assert.ok(keys.includes(key), key);
  }
});

test("options that mean nothing without others, or not with them", async () => {
  const cases = [
    ["--format", "json"],
    ["-N", "-L", "-r", good],
    ["--list", "-N", "--format", "json"],
    ["-r", good, "-t", "a", "-T", "b", "-L"],
    ["-r", good, "-t", "a", "-D", "b", "-L"],
  ];
  for (const args of cases) {
    const { status, stderr } = await command(args);
    assert.equal(status, 1, args.join(" "));
    assert.equal(logLines(stderr, "code")[0]?.["code"], "OPTION_CONFLICT", args.join(" "));
  }
});

test("-T, -t and -D choose rules and tell today's way", async () => {
  const rules = file("busy.yaml", BUSY_RULES);
  const tagged = file("tagged.yaml", "- {rule: File opened, tags: [files], override: {tags: append}}");
  const capture = busyCapture(5).toFile();
  const fired = async (...args: readonly string[]): Promise<{ rules: Set<string>; stderr: string }> => {
    const { status, stdout, stderr } = await command(["-r", rules, "-r", tagged, "-e", capture, ...args]);
    assert.equal(status, 0, stderr);
    const names = stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { rule: string }).rule);
    return { rules: new Set(names), stderr };
  };
  const all = (await fired("-o", "rule_matching=all")).rules;
  assert.ok(all.has("File opened") && all.size > 1);
  const only = await fired("-t", "files");
  assert.deepEqual([...only.rules], ["File opened"]);
  assert.match(
    only.stderr,
    /-t is deprecated: write -o 'rules\[\]\.disable\.rule=\*' -o 'rules\[\]\.enable\.tag=files'/,
  );
  for (const args of [
    ["-T", "files"],
    ["-D", "ile ope"],
  ]) {
    const { rules: left } = await fired("-o", "rule_matching=all", ...args);
    assert.deepEqual([...left].sort(), [...all].filter((name) => name !== "File opened").sort(), args.join(" "));
  }
});
