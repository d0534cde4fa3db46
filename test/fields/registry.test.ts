// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOG } from "../../src/fields/catalog.generated.js";
import { listFields, resolveField } from "../../src/fields/registry.js";

/** Fields that need what the tables do not keep for workers. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  "evt.arg": ".flags",
  "evt.rawarg": ".flags",
  "evt.type.is": ".open",
  "thread.cgroup": ".cpu",
};

function errorOf(text: string, source = "syscall"): string | null {
  const found = resolveField(text, source);
  return "error" in found ? found.error : null;
}

test("every field of the catalog is there", () => {
  for (const entry of CATALOG) {
    const text = entry.arg?.required === true ? entry.name + (ARGUMENTS[entry.name] ?? "[1]") : entry.name;
    const name = entry.name === "evt.abspath" ? entry.name : text;
    assert.equal(errorOf(name), null);
  }
});

test("the longest name whose rest is an argument wins", () => {
  const cases: [string, string, string | null][] = [
    ["proc.aname", "proc.aname", null],
    ["proc.aname[2]", "proc.aname", "2"],
    ["proc.sid.exe", "proc.sid.exe", null],
    ["evt.arg.flags", "evt.arg", "flags"],
    ["evt.arg[0]", "evt.arg", "0"],
    ["evt.args", "evt.args", null],
    ["evt.rawarg.res", "evt.rawarg", "res"],
    ["evt.type.is.openat", "evt.type.is", "openat"],
    ["evt.type.is.307", "evt.type.is", "307"],
    ["evt.abspath.src", "evt.abspath", "src"],
    ["thread.cgroup.cpuacct", "thread.cgroup", "cpuacct"],
    ["thread.cgroups", "thread.cgroups", null],
    ["proc.env[PATH]", "proc.env", "PATH"],
    ["proc.env[A B]", "proc.env", "A B"],
    ["container.mount.dest[/proc*]", "container.mount.dest", "/proc*"],
    ["container.mount[0]", "container.mount", "0"],
    ["container.label[io.x/y]", "container.label", "io.x/y"],
    ["container.label.foo", "container.label", "foo"],
    ["k8s.pod.label[app.kubernetes.io/name]", "k8s.pod.label", "app.kubernetes.io/name"],
    ["evt.time.iso8601", "evt.time.iso8601", null],
  ];
  for (const [text, base, arg] of cases) {
    const found = resolveField(text, "syscall");
    assert.ok(!("error" in found), text);
    assert.deepEqual([found.name, found.base, found.arg], [text, base, arg]);
  }
});

test("what is no field", () => {
  const nonexistent = (text: string): string => `filter_check called with nonexistent field ${text}`;
  for (const text of [
    "proc.nobody",
    "proc.namefoo",
    "proc.name[1]",
    "proc.aname[x]",
    "proc.aname[]",
    "proc.aname[-1]",
  ].concat([
    "thread.cgroup[cpu]",
    "fd.name.x",
    "proc",
    "",
    "evt.abspath.foo",
    "evt.type.is.nothing",
    "proc.name ",
    "x".repeat(10_000),
    ".".repeat(10_000),
    "[".repeat(10_000),
  ])) {
    assert.equal(errorOf(text), nonexistent(text), text.slice(0, 40));
  }
});

test("bad arguments", () => {
  assert.equal(
    errorOf("evt.arg"),
    "filter syntax error: evt.arg (an argument is missing: evt.arg.NAME or evt.arg[NUMBER])",
  );
  assert.equal(errorOf("evt.arg.nope"), "unknown event argument nope");
  assert.equal(errorOf("evt.arg[x]"), "x is not a valid number");
  assert.equal(errorOf("evt.rawarg"), "filter syntax error: evt.rawarg (an argument is missing: evt.rawarg.NAME)");
  assert.equal(errorOf("evt.rawarg[1]"), "evt.arg fields must be expressed explicitly");
  assert.equal(errorOf("evt.rawarg.nope"), "unknown event argument nope");
  assert.equal(errorOf("evt.around"), "filter syntax error: evt.around (an argument is missing: evt.around[NUMBER])");
  assert.equal(
    errorOf("thread.cgroup"),
    "filter syntax error: thread.cgroup (an argument is missing: thread.cgroup.SUBSYS)",
  );
  assert.equal(errorOf("evt.type.is"), "filter syntax error: evt.type.is (an argument is missing: evt.type.is.NAME)");
  assert.equal(errorOf("evt.around[x]"), "x is not a valid number");
  assert.equal(errorOf("evt.around[18446744073709551616]"), "18446744073709551616 is not a valid number");
  assert.equal(errorOf("evt.around[18446744073709551615]"), null);
  assert.match(errorOf("container.mount") ?? "", /requires an argument but none provided/);
  assert.match(errorOf("container.label") ?? "", /requires an argument but none provided/);
  assert.match(errorOf("container.mount.dest[(]") ?? "", /invalid regular expression/);
});

test("other sources know the generic fields alone", () => {
  assert.deepEqual(
    listFields("aws_cloudtrail").map((entry) => entry.name),
    ["evt.num", "evt.time", "evt.time.s", "evt.time.iso8601", "evt.datetime", "evt.datetime.s"].concat([
      "evt.rawtime",
      "evt.rawtime.s",
      "evt.rawtime.ns",
      "evt.reltime",
      "evt.reltime.s",
      "evt.reltime.ns",
      "evt.pluginname",
      "evt.plugininfo",
      "evt.source",
      "evt.is_async",
      "evt.asynctype",
      "evt.hostname",
    ]),
  );
  assert.equal(errorOf("evt.num", "aws_cloudtrail"), null);
  assert.equal(errorOf("proc.name", "aws_cloudtrail"), "filter_check called with nonexistent field proc.name");
  assert.equal(listFields("syscall").length, CATALOG.length);
});
