// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BUSY_RULES, busyCapture } from "../e2e/busy-capture.js";
import { command, logLines } from "../e2e/support.js";
import { ScapBuilder, temporaryFile } from "../support/scap-builder.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-cli-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const capture = busyCapture(20).toFile();
const rules = file("rules.yaml", BUSY_RULES);

test("arguments that cannot be parsed: exit 2", async () => {
  const bad = [
    ["--nonsense"],
    ["extra"],
    ["-r"],
    ["-o", "key"],
    ["--workers", "0"],
    ["--workers", "many"],
    ["-r", rules, "-e", capture, "-o", "a[=1"],
    ["-r", rules, "-e", capture, "-e", capture],
    ["-c", rules, "-c", rules],
    ["-M", "0"],
    ["-M", "1e9"],
  ];
  for (const args of bad) {
    const { status, stdout } = await command(args);
    assert.equal(status, 2, args.join(" "));
    assert.equal(stdout, "");
  }
});

test("--help and --version go to stdout, exit 0", async () => {
  const help = await command(["--help"]);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /-r, --rules <path>/);
  const version = await command(["--version"]);
  assert.equal(version.status, 0);
  assert.match(version.stdout, /^peregrine \d+\.\d+\.\d+ \(rule engine 0\.63\.0/);
});

test("everything else that fails: exit 1, with a code", async () => {
  const broken = file("broken.yaml", "- rule: [");
  const quiet = file("quiet.yaml", "- {rule: r, desc: d, condition: evt.type = setns, output: o, priority: INFO}");
  const noRules = file("no-rules.yaml", "stdout_output: {enabled: true}");
  const onlyFile = ["-o", "stdout_output.enabled=false", "-o", "file_output.enabled=true"];
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["CAPTURE_NONE", ["read"]],
    ["OPTION_CONFLICT", ["read", "--live", capture]],
    ["RULES_NONE", ["-e", capture, "-c", noRules]],
    ["RULES_OPEN", ["-r", join(folder, "missing.yaml"), "-e", capture]],
    ["RULES_OPEN", ["-r", join(rules, "below-a-file.yaml"), "-e", capture]],
    ["CONFIG_OPEN", ["-c", join(folder, "missing.yaml"), "-e", capture]],
    ["CONFIG_VALUE", ["-r", rules, "-e", capture, "-o", "priority=loud"]],
    ["CONFIG_VALUE", ["-V", rules, "-o", "json_output=maybe"]],
    ["CONFIG_VALUE", ["-L", "-r", rules, "-o", "json_output=maybe"]],
    ["OUTPUT_WRITE", ["-r", quiet, "-e", capture, ...onlyFile, "-o", `file_output.filename=${folder}/no/such`]],
    ["OUTPUT_NONE", ["-r", rules, "-e", capture, "-o", "stdout_output.enabled=false"]],
    ["CAPTURE_OPEN", ["-r", rules, "-e", join(folder, "missing.scap")]],
    ["FIELD_UNKNOWN", ["read", capture, "--fields", "evt.nonsense"]],
    ["FIELD_UNKNOWN", ["read", capture, "--output", "%evt.nonsense"]],
    ["OPTION_CONFLICT", ["read", capture, "--output", "%evt.num", "--json"]],
  ];
  for (const [code, args] of cases) {
    const { status, stdout, stderr } = await command(args);
    assert.equal(status, 1, code);
    assert.equal(stdout, "", code);
    assert.deepEqual(
      logLines(stderr, "code").map((line) => line["code"]),
      [code],
    );
  }
  const rulesError = await command(["-r", broken, "-e", capture]);
  assert.equal(rulesError.status, 1);
  assert.match(rulesError.stderr, /broken\.yaml:1:\d+: error LOAD_ERR_YAML_PARSE/);
  assert.match(rulesError.stderr, /\^/);
  const filter = await command(["read", capture, "--filter", "evt.type=openat and nonsense"]);
  assert.equal(filter.status, 1);
  assert.match(filter.stderr, /--filter:1:\d+: error/);
});

test("without rules the default ones are used, which is told", async () => {
  const scene = new ScapBuilder().section().threads([{ tid: 7, comm: "cat" }]);
  const path = scene.event("SYSCALL_OPENAT_2_X", { fd: 3, name: "/etc/shadow", flags: 1 }, { tid: 7 }).toFile();
  const { status, stdout, stderr } = await command(["-e", path]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /"rule":"Sensitive file read"/);
  assert.match(
    stderr,
    /the default rules are used.*peregrine_rules\.yaml|peregrine_rules\.yaml.*the default rules are used/,
  );
});

test("alerts on stdout, the summary as one line of the log", async () => {
  const { status, stdout, stderr } = await command(["-r", rules, "-e", capture]);
  assert.equal(status, 0, stderr);
  const alerts = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { hostname: string; rule: string; output_fields: object });
  assert.ok(alerts.length > 20);
  assert.equal(alerts[0]?.hostname, "test");
  const [summary] = logLines(stderr, "ledger");
  assert.equal(summary?.["msg"], "replay finished");
  assert.equal(summary?.["alerts"], alerts.length);
});

test("alerts as text, to a file, with options over a configuration file", async () => {
  const out = join(folder, "alerts.txt");
  const config = file(
    "falco.yaml",
    `rules_files: ${rules}\nfile_output: {enabled: true, filename: ${out}}\nengine: {kind: replay, replay: {capture_file: ${capture}}}`,
  );
  const { status, stdout, stderr } = await command(["-c", config, "-o", "rules[].disable.rule=File*"]);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "");
  const lines = readFileSync(out, "utf8").trimEnd().split("\n");
  assert.ok(lines.length > 3);
  for (const line of lines) assert.match(line, /^\d\d:\d\d:\d\d\.\d{9}: (Warning seventh|Informational run) \| n=\d+ /);
});

test("a folder of rules files, in order of their paths", async () => {
  const rulesFolder = join(folder, "rules.d");
  mkdirSync(rulesFolder);
  file("rules.d/b.yaml", "- {rule: File opened, override: {enabled: replace}, enabled: false}");
  file("rules.d/a.yml", BUSY_RULES);
  file("rules.d/notes.txt", "not YAML: [");
  const { status, stdout, stderr } = await command(["-r", rulesFolder, "-e", capture, "-o", "priority=notice"]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /"rule":"Seventh parent"/);
  assert.doesNotMatch(stdout, /File opened|Program run/);
});

test("read: lines, fields, objects", async () => {
  const lines = await command(["read", capture]);
  assert.equal(lines.status, 0, lines.stderr);
  assert.match(lines.stdout.split("\n")[0] ?? "", /^\d+ \d\d:\d\d:\d\d\.\d{9} 0 parent0 \(200\) < execve res=0 /);
  assert.equal(lines.stderr, "");
  const filter = ["--filter", "evt.type=openat and proc.name=child"];
  const fields = await command(["read", capture, ...filter, "--fields", "evt.num,proc.pname,fd.sip"]);
  assert.match(fields.stdout.split("\n")[0] ?? "", /^\d+\tparent0\t<NA>$/);
  const objects = await command(["read", capture, ...filter, "--json", "--fields", "fd.sip,evt.num,proc.aname[2]"]);
  assert.match(objects.stdout.split("\n")[0] ?? "", /^\{"fd\.sip":null,"evt\.num":\d+,"proc\.aname\[2\]":"shell0?"\}$/);
  const output = (template: string): ReturnType<typeof command> =>
    command(["read", capture, ...filter, "--output", template]);
  const template = await output("%evt.num is %toupper(proc.name)");
  assert.match(template.stdout.split("\n")[0] ?? "", /^\d+ is CHILD$/);
  assert.equal((await output("%evt.num %fd.sip")).stdout, "");
  assert.match((await output("*%evt.num %fd.sip")).stdout, /^\d+ <NA>\n/);
});

test("- is standard input, which is read once", async () => {
  const fromPipe = async (args: readonly string[]) => {
    const main = new URL("../../src/cli/main.js", import.meta.url).href;
    const program = `const { main } = await import(${JSON.stringify(main)}); await main(process.argv.slice(1));`;
    // A pipe of the shell: one of Node's is a socket, which has no path.
    const line = ["-c", 'file=$1; shift; cat "$file" | "$@"', "sh", capture, process.execPath];
    const child = spawn("sh", [...line, "--input-type=module", "-e", program, "--", ...args]);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.resume();
    const [status] = (await once(child, "close")) as [number];
    return { status, stdout: Buffer.concat(chunks).toString() };
  };
  const [piped, named] = [await fromPipe(["-r", rules, "-e", "-"]), await command(["-r", rules, "-e", capture])];
  assert.equal(piped.status, 0);
  assert.equal(piped.stdout.split("\n").length, named.stdout.split("\n").length);
  assert.ok(piped.stdout.length > 1000);
  assert.notEqual((await fromPipe(["read", "-"])).stdout, "");
  const copy = join(folder, "piped.scap");
  assert.equal((await fromPipe(["read", "-", "-w", copy])).status, 0);
  assert.ok(existsSync(copy));
  const filtered = join(folder, "filtered.scap");
  assert.equal((await fromPipe(["read", "-", "-w", filtered, "--filter", "evt.num > 3"])).status, 1);
  assert.ok(!existsSync(filtered));
});

test("a bad capture: what comes before is delivered, then the coded error with its place, exit 1", async () => {
  const whole = busyCapture(20).build();
  const cut = temporaryFile(whole.subarray(0, whole.length - 9));
  const { status, stdout, stderr } = await command(["-r", rules, "-e", cut]);
  assert.equal(status, 1);
  assert.ok(stdout.split("\n").length > 20);
  const [error] = logLines(stderr, "code");
  assert.match(String(error?.["code"]), /^CAPTURE_/);
  assert.ok(Number(error?.["offset"]) > 0);
});

test("a reader that has seen enough ends `read` in silence", async () => {
  const { status, stderr } = await command(["read", busyCapture(800).toFile()], {}, (child) => {
    child.stdout?.once("data", () => child.stdout?.destroy());
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
});

test("SIGTERM: what was accepted is delivered, exit 0", async () => {
  const big = busyCapture(2000).toFile();
  const { status, stdout, stderr } = await command(["-r", rules, "-e", big, "-o", "rule_matching=all"], {}, (child) => {
    child.stdout?.once("data", () => child.kill("SIGTERM"));
  });
  assert.equal(status, 0, stderr);
  assert.ok(stdout.endsWith("}\n"));
  const [summary] = logLines(stderr, "ledger");
  assert.equal(summary?.["alerts"], stdout.split("\n").length - 1);
});

test("a file output that cannot be opened: the others go on, exit 1", async () => {
  const path = join(folder, "no", "such", "folder");
  const options = ["-o", "file_output.enabled=true", "-o", `file_output.filename=${path}`];
  const { status, stdout, stderr } = await command(["-r", rules, "-e", capture, ...options]);
  assert.equal(status, 1);
  assert.ok(stdout.split("\n").length > 20);
  assert.match(stderr, /failed to open output file/);
});

test("help is a command, and a command that is none is told, with the one that was meant", async () => {
  const { stdout } = await command(["--help"]);
  assert.deepEqual(await command(["help"]), { status: 0, stdout, stderr: "" });
  assert.match((await command(["help", "read"])).stdout, /peregrine read/);
  const misspelt = await command(["raed", "x"]);
  assert.equal(misspelt.status, 2);
  assert.match(misspelt.stderr, /unknown command 'raed': did you mean 'read'\?/);
  const behind = await command(["-r", rules, "more.yaml"]);
  assert.equal(behind.status, 2);
  assert.match(behind.stderr, /unexpected argument 'more\.yaml'/);
  assert.match((await command(["bench", "--help"])).stdout, /\(default: 1,2,4\)/);
  const read = await command(["read", capture, "more.scap"]);
  assert.equal(read.status, 2);
});

test("errors at opening name the path once, an empty field is named, no summary of what was not read", async () => {
  const missing = join(folder, "missing.yaml");
  for (const args of [
    ["-r", missing, "-e", capture],
    ["-c", missing, "-e", capture],
    ["-r", rules, "-e", missing],
  ]) {
    const { status, stderr } = await command(args);
    assert.equal(status, 1);
    assert.equal(stderr.split(missing).length, 2, stderr);
    assert.doesNotMatch(stderr, /replay finished/);
  }
  const cut = temporaryFile(busyCapture(1).build().subarray(0, 60));
  const unread = await command(["-r", rules, "-e", cut, "--workers", "1"]);
  assert.equal(unread.status, 1);
  assert.equal(logLines(unread.stderr, "code").at(-1)?.["code"], "CAPTURE_TRUNCATED");
  assert.doesNotMatch(unread.stderr, /replay finished/);
  for (const [list, entry] of [
    ["", 1],
    ["evt.num,,proc.name", 2],
  ] as const) {
    const { stderr } = await command(["read", capture, "--fields", list]);
    assert.match(stderr, new RegExp(`entry ${entry} of --fields is empty`));
  }
});

test("what the configuration adds to alerts, and leaves out of them", async () => {
  const condition = "evt.type = openat and static.env = prod and static.team in (red, blue)";
  const own = file("own.yaml", `- {rule: r, desc: d, condition: "${condition}", output: o, priority: INFO, tags: [t]}`);
  const config = file(
    "additions.yaml",
    [
      "stdout_output: {enabled: true}",
      "json_output: true",
      "static_fields: {env: prod, team: blue, note: 'é \"quoted\"'}",
      "append_output:",
      "  - {match: {tags: [t]}, extra_output: 'n=%evt.num', extra_fields: [evt.type, {shout: '%toupper(evt.type)!'}]}",
      "  - {match: {source: other}, extra_output: never}",
      "  - {suggested_output: true}",
    ].join("\n"),
  );
  const run = async (...options: string[]): Promise<Record<string, unknown>> => {
    const { status, stdout, stderr } = await command(["-c", config, "-r", own, "-e", capture, ...options]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout.split("\n")[0] ?? "") as Record<string, unknown>;
  };
  const alert = await run();
  assert.match(
    String(alert["output"]),
    /^\S+: Informational o n=\d+ container_id=host container_name=host container_image_repository=\S* .*static_env=prod static_team=blue static_note=é "quoted"$/,
  );
  const fields = alert["output_fields"] as Record<string, unknown>;
  assert.equal(fields["evt.type"], "openat");
  assert.equal(fields["shout"], "OPENAT!");
  assert.equal(fields["static.note"], 'é "quoted"');
  assert.deepEqual(Object.keys(alert), [
    "hostname",
    "output",
    "output_fields",
    "priority",
    "rule",
    "source",
    "tags",
    "time",
  ]);
  const no = (key: string): string[] => ["-o", `json_include_${key}_property=false`];
  const short = await run(
    ...no("output"),
    ...no("tags"),
    ...no("output_fields"),
    "-o",
    "json_include_message_property=true",
  );
  assert.deepEqual(Object.keys(short), ["hostname", "message", "priority", "rule", "source", "time"]);
  assert.match(String(short["message"]), /^o n=\d+ container_id=/);
});
