// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { REFUSED, refused } from "../../src/cli/falco-options.js";
import { buildProgram } from "../../src/cli/main.js";
import { configOf } from "../../src/cli/settings.js";
import { schema } from "../../src/config/schema.js";
import { UNSUPPORTED } from "../../src/config/unsupported.js";
import { Log } from "../../src/telemetry/log.js";
import { command, logLines } from "../e2e/support.js";
import { textOf } from "../repo/scan.js";

/** Options that Falco 0.31 or a later one has. */
const FALCO_OPTIONS =
  "-h --help -c -r -V --validate -o --option -L -l --list -N -v --verbose --format --list-fields-markdown --markdown \
--list-events --list-syscall-events -i --list-plugins --plugin-info --version --support -M -P --pidfile -p --print -U \
--unbuffered --dry-run --enable-source --disable-source --config-schema --rule-schema --page-size -A -b -S --snaplen -e -D -T -t \
-d --daemon -s --stats-interval --cri --disable-cri-async -k --k8s-api -K --k8s-api-cert --k8s-node -m --mesos-api -u --userspace \
-w -F --gvisor-config --gvisor-root --gvisor-generate-config --modern-bpf --nodriver".split(/\s+/);

/** Keys of the first level of falco.yaml, of any version since 0.31. */
const FALCO_KEYS =
  "rules_file rules_files rules config_files watch_config_files priority rule_matching plugins load_plugins plugins_hostinfo \
static_fields json_output json_include_output_property json_include_tags_property json_include_message_property \
json_include_output_fields_property time_format_iso_8601 buffer_format_base64 buffered_outputs outputs outputs_queue \
output_timeout append_output stdout_output syslog_output file_output program_output http_output grpc grpc_output log_stderr \
log_syslog log_level libs_logger webserver syscall_event_drops syscall_event_timeouts capture engine base_syscalls falco_libs \
metadata_download metrics".split(/\s+/);

const page = textOf("docs/falco-options.md");

/** Names of a table's rows by what their second cell says, and the names that the sentence behind the table has. */
function table(heading: string): { rows: Map<string, string>; own: string[] } {
  const section = page.split(`## ${heading}\n`)[1].split("\n## ")[0];
  const rows = new Map<string, string>();
  for (const [, names, verdict] of section.matchAll(/^\| (`.*?`) \| (same|differs|no) \|/gm)) {
    for (const [, name] of names.matchAll(/`([^`]+)`/g)) {
      assert.ok(!rows.has(name), `${name} has two rows`);
      rows.set(name, verdict);
    }
  }
  const sentence = /^(?:Options|Keys) of Peregrine's own: ([^.]*)/m.exec(section)?.[1] ?? "";
  return { rows, own: [...sentence.matchAll(/`([^`]+)`/g)].map(([, name]) => name) };
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

test("every option of Falco's and of the command has a row that tells the truth", () => {
  const { rows, own } = table("Options");
  const program = buildProgram({ log: new Log() }, () => {});
  const real = [...program.options.filter(({ hidden }) => !hidden), { short: "-h", long: "--help" }].flatMap((option) =>
    [option.short, option.long].flatMap((name) => name ?? []),
  );
  const accepted = [...rows].filter(([, verdict]) => verdict !== "no").map(([name]) => name);
  assert.deepEqual(
    accepted.filter((name) => !real.includes(name)),
    [],
    "rows of options that the command does not take",
  );
  assert.deepEqual(
    FALCO_OPTIONS.filter((name) => !rows.has(name)),
    [],
    "options of Falco's without a row",
  );
  const refusedRows = [...rows].filter(([, verdict]) => verdict === "no").map(([name]) => name);
  assert.deepEqual(sorted(refusedRows), sorted(Object.keys(REFUSED)));
  assert.deepEqual(
    real.filter((name) => name in REFUSED),
    [],
  );
  // Where Falco has the short form alone, the long one is ours.
  const unmentioned = real.filter((name) => name.startsWith("--") && !rows.has(name) && !own.includes(name));
  assert.deepEqual(unmentioned, [
    "--rules",
    "--capture",
    "--write",
    "--config",
    "--describe",
    "--describe-rule",
    "--names",
    "--seconds",
    "--disable-tag",
    "--only-tag",
    "--disable-text",
  ]);
  const commands = program.commands.map((each) => each.name());
  assert.deepEqual(sorted(own.filter((name) => !name.startsWith("-"))), sorted(commands));
});

test("every key of Falco's and of the configuration has a row that tells the truth", () => {
  const { rows, own } = table("Keys");
  const top = (name: string): string => name.split(".")[0];
  assert.deepEqual(
    FALCO_KEYS.filter((key) => ![...rows.keys()].map(top).includes(key)),
    [],
  );
  const refusedRows = [...rows].filter(([, verdict]) => verdict === "no").map(([name]) => name);
  assert.deepEqual(sorted(refusedRows), sorted(Object.keys(UNSUPPORTED)));
  const accepted = [...rows].filter(([, verdict]) => verdict !== "no").map(([name]) => top(name));
  // config_files is gone when the schema is applied.
  assert.deepEqual(sorted([...accepted, ...own]), sorted([...Object.keys(schema.shape), "config_files"]));
});

test("-U and -p stand over the configuration", async () => {
  const context = { log: new Log() };
  const buffered = { option: ["buffered_outputs=true"] };
  assert.equal((await configOf(buffered, context)).buffered, true);
  assert.equal((await configOf({ ...buffered, unbuffered: true }, context)).buffered, false);
  const option = ["append_output[].extra_output=a"];
  const { appendOutput } = await configOf({ option, print: "b" }, context);
  assert.deepEqual(
    appendOutput.map(({ extraOutput }) => extraOutput),
    ["a", "b"],
  );
  assert.deepEqual((await configOf({ print: "kubernetes" }, context)).appendOutput, []);
});

test("an option of Falco's that is not here is refused with what to do instead; others that are none are as before", async () => {
  for (const [args, option] of [
    [["-A"], "-A"],
    [["--cri", "/run/x.sock", "-o", "priority=debug"], "--cri"],
    [["-UA"], "-A"],
  ] as const) {
    const { status, stdout, stderr } = await command(args);
    assert.equal(status, 2, option);
    assert.equal(stdout, "");
    const [line] = logLines(stderr, "code");
    assert.equal(line["code"], "OPTION_UNSUPPORTED");
    assert.ok(String(line["msg"]).startsWith(`${option} is an option of Falco's`), stderr);
    assert.doesNotMatch(stderr, /unknown option/);
  }
  assert.equal(refused("error: unknown option '--nonsense'"), null);
  assert.equal(refused("error: option '-A' argument missing"), null);
  const { status, stderr } = await command(["--nonsense"]);
  assert.equal(status, 2);
  assert.match(stderr, /unknown option '--nonsense'/);
});
