// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DEFAULT_CONFIG } from "../../src/config/config.js";
import { loadConfig } from "../../src/config/load.js";
import { expandVariables } from "../../src/config/tree.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { shared, withoutShared } from "../support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "peregrine-config-"));
after(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "falco.yaml");
  writeFileSync(path, text);
  return path;
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof PeregrineError ? error.code : String(error);
  }
  return "none";
}

test("without a file alerts are JSON on stdout", () => {
  assert.deepEqual(loadConfig(null, []), { config: DEFAULT_CONFIG, warnings: [] });
});

test("with a file its values hold, and Falco's defaults for what it leaves out", () => {
  const { config, warnings } = loadConfig(
    file(`
rules_files: [a.yaml, b]
json_output: yes
priority: Notice
rule_matching: ALL
stdout_output: {enabled: "true"}
file_output: {enabled: on, filename: out.txt, keep_alive: true}
lookups: {users: no, services: yes}
rules:
  - disable: {rule: "*"}
  - enable: {tag: network}
`),
    [],
  );
  assert.deepEqual(warnings, []);
  assert.deepEqual(config, {
    ...DEFAULT_CONFIG,
    rulesFiles: ["a.yaml", "b"],
    json: true,
    priority: 5,
    matching: "all",
    file: "out.txt",
    keepFileOpen: true,
    lookups: { users: false, services: true, containers: true },
    selection: [
      { enable: false, rule: "*" },
      { enable: true, tag: "network" },
    ],
  });
  const empty = loadConfig(file(""), []).config;
  assert.equal(empty.json, false);
  assert.equal(empty.stdout, false);
});

test("options win over the file", () => {
  const { config } = loadConfig(file("{json_output: true, priority: error}"), [
    "json_output=false",
    "priority=info",
    "stdout_output.enabled=true",
    "time_format_iso_8601=true",
    "json_include_message_property=true",
    "json_include_output_property=false",
    "json_include_tags_property=false",
    "json_include_output_fields_property=false",
    "buffered_outputs=true",
    "rules[].enable.rule=x",
  ]);
  assert.equal(config.json, false);
  assert.equal(config.priority, 6);
  assert.equal(config.stdout, true);
  assert.equal(config.iso8601, true);
  assert.equal(config.includeMessage, true);
  assert.equal(config.includeOutput, false);
  assert.equal(config.includeTags, false);
  assert.equal(config.includeOutputFields, false);
  assert.equal(config.buffered, true);
  assert.deepEqual(config.selection, [{ enable: true, rule: "x" }]);
});

test("booleans are those of YAML 1.1, in three spellings", () => {
  for (const text of ["y", "Y", "yes", "Yes", "YES", "true", "True", "on", "ON"]) {
    assert.equal(loadConfig(null, [`time_format_iso_8601=${text}`]).config.iso8601, true, text);
  }
  for (const text of ["n", "No", "FALSE", "off"]) {
    assert.equal(loadConfig(null, [`json_output=${text}`]).config.json, false, text);
  }
  for (const text of ["yES", "1", "truee"]) {
    assert.equal(loadConfig(file(`time_format_iso_8601: ${text}`), []).warnings.length, 1, text);
  }
});

test("a wrong type falls back to the default, an unknown key is ignored; both are told", () => {
  const { config, warnings } = loadConfig(
    file("{json_output: [1], stdout_output: {enabled: maybe, colour: red}, nonsense: 1, rules_files: one.yaml}"),
    ["other.key=1"],
  );
  assert.equal(config.json, false);
  assert.equal(config.stdout, false);
  assert.deepEqual(config.rulesFiles, ["one.yaml"]);
  assert.deepEqual(warnings.map(({ message }) => /"([^"]+)"/.exec(message)?.[1]).sort(), [
    "json_output",
    "nonsense",
    "other.key",
    "stdout_output.colour",
    "stdout_output.enabled",
  ]);
});

test("keys that this version does not act on are told in one warning, where something is asked for", () => {
  const { warnings } = loadConfig(
    file(`
webserver: {enabled: true, listen_port: 1}
metrics: {enabled: false}
http_output: {enabled: True, url: x}
outputs_queue: {capacity: 100}
syscall_event_drops: {actions: [log, alert]}
base_syscalls: {custom_set: ["!read"], repair: false}
falco_libs: {snaplen: 80}
log_syslog: true
plugins: []
`),
    ["watch_config_files=true", "log_stderr=no"],
  );
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["CONFIG_UNSUPPORTED"],
  );
  const [{ message }] = warnings;
  assert.deepEqual(
    message
      .slice(message.indexOf(": ") + 2)
      .split("), ")
      .map((each) => each.split(" (")[0]),
    ["http_output", "log_stderr", "outputs_queue.capacity", "webserver"],
  );
});

test("Falco's defaults, spelt out, ask for nothing that is missing", () => {
  const text = `
webserver: {enabled: false}
base_syscalls: {custom_set: [], repair: false, all: false}
outputs_queue: {capacity: 0}
output_timeout: 2000
falco_libs: {thread_table_size: 262144, snaplen: 80}
syscall_event_drops: {actions: ignore, threshold: .1}
engine: {kind: modern_ebpf, modern_ebpf: {buf_size_preset: 4}, kmod: {}, replay: {capture_file: ""}}
buffer_format_base64: false
log_stderr: true
`;
  assert.deepEqual(loadConfig(file(text), []).warnings, []);
});

test("config_files: files and folders in order, their keys appended, overriding or added only", () => {
  const base = join(folder, "config.d");
  mkdirSync(base);
  const write = (name: string, text: string): string => {
    writeFileSync(join(base, name), text);
    return join(base, name);
  };
  write("b.yaml", "{priority: error, rules_files: [b], static_fields: {b: 2}}");
  write("a.conf", "{priority: notice, rules_files: ['$" + "{WHICH}']}");
  mkdirSync(join(base, "folder"));
  const elsewhere = join(folder, "more.yaml");
  writeFileSync(elsewhere, "{rules_files: [c], priority: alert, rule_matching: all}");
  const main = (strategy: string): string =>
    file(
      `{rules_files: [main], static_fields: {a: 1}, config_files: [${base}, {path: ${elsewhere}, strategy: ${strategy}}, /not/there]}`,
    );
  const load = (strategy: string, options: readonly string[] = []) =>
    loadConfig(main(strategy), options, { WHICH: "a" }).config;
  const appended = load("append");
  assert.deepEqual(appended.rulesFiles, ["main", "a", "b", "c"]);
  assert.equal(appended.priority, 1);
  assert.deepEqual({ ...appended.staticFields }, { b: "2" });
  assert.deepEqual(load("override").rulesFiles, ["c"]);
  const added = load("add-only");
  assert.deepEqual(added.rulesFiles, ["main", "a", "b"]);
  assert.equal(added.priority, 3);
  assert.equal(added.matching, "all");
  assert.equal(load("append", ["priority=debug"]).priority, 7);
  assert.deepEqual(load("append", ["config_files[]=x", `config_files[0]=${elsewhere}`]).rulesFiles, ["main", "c", "c"]);
  rmSync(base, { recursive: true });
});

test("config_files: a file that includes others, or itself, is an error", () => {
  const inner = join(folder, "inner.yaml");
  writeFileSync(inner, "{config_files: [x]}");
  for (const listed of [inner, folder, "{strategy: append}"]) {
    assert.equal(
      code(() => loadConfig(file(`{config_files: [${listed}]}`), [])),
      "CONFIG_VALUE",
      listed,
    );
  }
  writeFileSync(inner, "a: [1");
  assert.equal(
    code(() => loadConfig(file(`config_files: ${inner}`), [])),
    "CONFIG_PARSE",
  );
  rmSync(inner);
});

test("engine.kind: nodriver watches no kernel, drivers that are none are errors", () => {
  assert.equal(loadConfig(null, ["engine.kind=nodriver"]).config.kernel, false);
  assert.equal(loadConfig(null, ["engine.kind=kmod"]).config.kernel, true);
  assert.equal(
    code(() => loadConfig(null, ["engine.kind=gvisor"])),
    "CONFIG_VALUE",
  );
});

test("Falco's plugin for containers is passed over, others of the name are not", () => {
  const plugins = (path: string): string =>
    `{load_plugins: [container], plugins: [{name: container, library_path: ${path}}]}`;
  assert.deepEqual(loadConfig(file(plugins("libcontainer.so")), []).config.loadPlugins, []);
  assert.equal(loadConfig(file(plugins("/opt/own.so")), []).config.loadPlugins.length, 1);
});

test("errors have codes", () => {
  assert.equal(
    code(() => loadConfig(join(folder, "missing.yaml"), [])),
    "CONFIG_OPEN",
  );
  assert.equal(
    code(() => loadConfig(file("a: [1"), [])),
    "CONFIG_PARSE",
  );
  assert.equal(
    code(() => loadConfig(file("- a"), [])),
    "CONFIG_PARSE",
  );
  assert.equal(
    code(() => loadConfig(null, ["priority=loud"])),
    "CONFIG_VALUE",
  );
  assert.equal(
    code(() => loadConfig(null, ["rule_matching=some"])),
    "CONFIG_VALUE",
  );
  assert.equal(
    code(() => loadConfig(null, ["file_output.enabled=true"])),
    "CONFIG_VALUE",
  );
  assert.equal(
    code(() => loadConfig(null, ["engine.kind=replay"])),
    "CONFIG_VALUE",
  );
  assert.equal(
    code(() => loadConfig(null, ["rules[]={enable: {}}"])),
    "CONFIG_VALUE",
  );
  assert.equal(
    code(() => loadConfig(null, ["nonsense"])),
    "OPTION_SYNTAX",
  );
});

test("the capture may come from engine.replay", () => {
  const { config } = loadConfig(null, ["engine.kind=replay", "engine.replay.capture_file=/x.scap"]);
  assert.equal(config.capture, "/x.scap");
});

test("variables of the environment", () => {
  const env = { A: "1", B: "$" + "{A}2", C: "" };
  const cases: readonly [string, string][] = [
    ["$" + "{A}", "1"],
    ["x$" + "{A}y$" + "{A}", "x1y1"],
    ["$" + "{B}", "12"],
    ["[$" + "{C}$" + "{UNSET}]", "[]"],
    ["$$" + "{A}", "$" + "{A}"],
    ["$A $$A $" + "{A", "$A $$A $" + "{A"],
  ];
  for (const [text, expected] of cases) assert.equal(expandVariables(text, env), expected, text);
  const { config } = loadConfig(file('{json_output: "$' + '{J}", rules_files: ["$' + '{D}/a.yaml"]}'), [], {
    J: "true",
    D: "/rules",
  });
  assert.equal(config.json, true);
  assert.deepEqual(config.rulesFiles, ["/rules/a.yaml"]);
});

test("keys without a value are as good as not written, at any depth", () => {
  const text =
    "{engine: {replay: {capture_file: }}, append_output: [{match: {rule: , source: syscall}}], stdout_output: }";
  const { config, warnings } = loadConfig(file(text), []);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config.appendOutput, [{ match: { source: "syscall" }, extraFields: [] }]);
});

test("Falco's own configuration file has no key that is told", { skip: withoutShared }, () => {
  const { warnings } = loadConfig(shared("data", "confs", "falco-current", "falco.yaml"), []);
  // It enables what is not there; that is told, in one line.
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["CONFIG_UNSUPPORTED"],
  );
  assert.match(warnings[0].message, /syslog_output .*webserver /);
});

test("an option that does not fit is an error, with a file and without", () => {
  const options = ["json_output=maybe", "stdout_output.enabled=maybe", "stdout_output=1", "rules[].enable.rule.x=y"];
  for (const option of options) {
    for (const path of [null, file("json_output: yes")]) {
      assert.throws(() => loadConfig(path, [option]), { code: "CONFIG_VALUE" }, option);
    }
  }
});

test("static fields, suggested outputs, and extra fields that are given twice", () => {
  const { config } = loadConfig(
    file("{static_fields: {env: prod, n: 1}, append_output: [{suggested_output: on}]}"),
    [],
  );
  assert.deepEqual({ ...config.staticFields }, { env: "prod", n: "1" });
  assert.deepEqual(config.appendOutput, [{ match: {}, suggested: true, extraFields: [] }]);
  assert.throws(() => loadConfig(null, ["static_fields.a-b=x"]), { code: "CONFIG_VALUE" });
  const twice = "{append_output: [{extra_fields: [proc.name, {a: x}, {a: y}]}]}";
  assert.throws(() => loadConfig(file(twice), []), /append_output: extra field 'a' is given twice/);
});

test("a plugin without a name, or without a path, is an error", () => {
  const set = "plugins[]={name: x, library_path: x.js}";
  for (const options of [
    ["plugins[]={name: '', library_path: x.js}"],
    [set, "plugins[0].name="],
    [set, "plugins[0].library_path="],
  ]) {
    assert.throws(
      () => loadConfig(null, options),
      /could not load plugins config: plugins\[0\]\.(name|library_path): /,
    );
  }
});
