// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { load, messages, ruleText } from "./load-text.js";

/** What is wrong with a condition; warnings about many event types aside. */
function verdict(condition: string): string {
  const result = load(ruleText(JSON.stringify(condition), "  warn_evttypes: false\n"), { fieldNames: [] });
  return messages(result).join("; ") || "ok";
}

const OPERATORS = [
  "=",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "contains",
  "icontains",
  "bcontains",
  "startswith",
  "bstartswith",
];
OPERATORS.push("endswith", "glob", "iglob", "regex", "in", "intersects", "pmatch");
const EQUAL = ["=", "==", "!=", "in", "intersects"];
const NUMERIC = [...EQUAL, "<", "<=", ">", ">="];

describe("operators and types", () => {
  const table: readonly (readonly [string, string, readonly string[], string])[] = [
    [
      "proc.name",
      "5",
      [...NUMERIC, "contains", "icontains", "startswith", "endswith", "glob", "iglob", "regex", "pmatch"],
      "string",
    ],
    ["evt.buffer", "50", [...EQUAL, "contains", "startswith", "endswith", "bcontains", "bstartswith"], "buffer"],
    ["proc.pid", "5", NUMERIC, "numeric"],
    ["evt.rawtime", "5", NUMERIC, "numeric"],
    ["fd.sport", "5", NUMERIC, "numeric"],
    ["evt.is_io", "true", EQUAL, "numeric"],
    ["fd.sip", "127.0.0.1", EQUAL, "ip address and network"],
    ["fd.snet", "10.0.0.0/8", EQUAL, "ip address and network"],
    ["fd.types", "file", ["in", "intersects"], "list"],
  ];
  for (const [field, value, accepted, kind] of table) {
    for (const operator of OPERATORS) {
      const list = ["in", "intersects", "pmatch"].includes(operator);
      const number = operator.startsWith("<") || operator.startsWith(">");
      const condition = `${field} ${operator} ${list ? `(${value})` : number ? "5" : value}`;
      it(condition, () => {
        const found = verdict(condition).replace(/LOAD_COMPILE_CONDITION regex.*/, "ok");
        const wrong = `LOAD_ERR_COMPILE_CONDITION filter error: '${operator}' operator not supported for ${kind} filters`;
        assert.equal(found, accepted.includes(operator) ? "ok" : wrong);
      });
    }
    it(`${field} exists`, () => assert.equal(verdict(`${field} exists`), "ok"));
  }
});

describe("constants", () => {
  const error = (text: string): string => `LOAD_ERR_COMPILE_CONDITION ${text}`;
  const table: readonly (readonly [string, string])[] = [
    ["proc.pid = -1", "ok"],
    ["proc.pid = 0x10", error("0x10 is not a valid number")],
    ["proc.pid = 1.0", error("1.0 is not a valid number")],
    ["proc.pid in (1, x)", error("x is not a valid number")],
    ["proc.pid = ''", error(" is not a valid number")],
    ["evt.is_io = 1", error("filter error: unrecognized boolean value 1")],
    ["evt.is_io = 'true'", "ok"],
    ["fd.sip = 1.2.3", error("unrecognized IPv4 address 1.2.3")],
    ["fd.sip = ::1", "ok"],
    ["fd.sip = localhost", error("unrecognized IPv6 address localhost")],
    ["fd.snet = 10.0.0.1", error("unrecognized IPv4 network 10.0.0.1")],
    ["fd.snet = fe80::/10", "ok"],
    ["fd.sport = nosuchservice", error("unrecognized protocol nosuchservice")],
    ["evt.buffer bcontains 5", error("bcontains and bstartswith operator support hex strings only")],
    ['proc.name = "\\x00"', error("a value cannot hold a NUL byte")],
    ["evt.type = bogus", error("unknown event type bogus")],
    ["evt.type contains ope", error("unknown event type ope")],
    ["evt.type in (open, getrandom)", "ok"],
    ["syscall.type = bogus", "ok"],
    ["proc.name = anyof (x, y)", "ok"],
    ["fd.sip = anyof (1.1.1.1)", "ok"],
    ["proc.pid = x and proc.name = y", error("x is not a valid number")],
    ["proc.bogus exists", error("filter_check called with nonexistent field proc.bogus")],
    ["proc.name[1] = x", error("field proc.name takes no argument")],
  ];
  for (const [condition, expected] of table) it(condition, () => assert.equal(verdict(condition), expected));

  it("regular expressions must compile", () => {
    assert.match(verdict("proc.name regex 'a(b'"), /^LOAD_ERR_COMPILE_CONDITION invalid regex pattern: /);
    assert.equal(verdict("proc.name regex '[a-z]+x'"), "ok");
  });
});

describe("fields on the right and transformers", () => {
  const table: readonly (readonly [string, string])[] = [
    ["proc.name = val(proc.pname)", "ok"],
    ["proc.name = toupper(proc.pname)", "ok"],
    ["proc.pid = val(proc.ppid)", "ok"],
    ["proc.name in val(fd.types)", "EPF_NO_RHS"],
    [
      "proc.name = val(proc.pid)",
      "field 'proc.name' has type 'CHARBUF' while the right-hand side field 'val(proc.pid)' has incompatible type 'INT64'",
    ],
    ["proc.name regex val(proc.pname)", "does not support a field on the right"],
    ["proc.name pmatch val(proc.pname)", "does not support a field on the right"],
    ["fd.snet = val(fd.cnet)", "network filters do not support a field on the right"],
    ["proc.aname = val(proc.name)", "EPF_NO_RHS"],
    ["tolower(proc.name) = x", "ok"],
    ["len(proc.name) > 5", "ok"],
    ["len(proc.name) = x", "x is not a valid number"],
    ["len(fd.types) = 2", "ok"],
    ["tolower(proc.pid) = x", "'tolower' transformer does not support 'proc.pid' of type INT64"],
    ["tolower(proc.aname) = x", "field 'proc.aname' does not support transformers"],
    ["tolower(proc.name)[x] = x", "takes no argument in brackets"],
    ["b64(evt.buffer) = x", "ok"],
    ['join(",", (proc.name, proc.pid)) = x', "ok"],
    ['join(",", proc.name) = x', "'join' transformer does not support 'proc.name'"],
    ['join(",") = x', "'join' transformer takes 2 argument(s), 1 given"],
    ["concat(proc.name, fd.name) = x", "ok"],
    ["concat(proc.name) = x", "takes 2 or more argument(s)"],
    ['getopt(fd.types, "a:") in (x)', "ok"],
    ['getopt(fd.types, "a:") = x', "operator not supported for list filters"],
    ['getopt(fd.types, "a:")[a] = x', "ok"],
    ["toupper(tolower(proc.name)) = x", "ok"],
    ["evt.type = toupper(proc.name)", "is not supported by event code search"],
    ["toupper(evt.type) = OPEN", "is not supported by event code search"],
    ["toupper(evt.type) contains OPEN", "ok"],
  ];
  for (const [condition, expected] of table) {
    it(condition, () => {
      const found = verdict(condition);
      const wanted = expected === "EPF_NO_RHS" ? "does not support comparisons with another field" : expected;
      if (wanted === "ok") assert.equal(found, "ok");
      else assert.ok(found.startsWith("LOAD_ERR_COMPILE_CONDITION ") && found.includes(wanted), found);
    });
  }
});

describe("what deserves a look", () => {
  const table: readonly (readonly [string, string])[] = [
    [
      "proc.name = proc.pname",
      "LOAD_COMPILE_CONDITION 'proc.pname' may be a valid field misused as a const string value",
    ],
    [
      "proc.name = 'proc. pname'",
      "LOAD_COMPILE_CONDITION 'proc. pname' may be a valid field misused as a const string value",
    ],
    [
      "proc.name in (x, 'tolower(y)')",
      "LOAD_COMPILE_CONDITION 'tolower(y)' may be a valid field transformer misused as a const string value",
    ],
    ["proc.name = not.a.field", "ok"],
    ["proc.name = tolower", "ok"],
    ["proc.name regex 'abc.*'", "LOAD_COMPILE_CONDITION regex 'abc.*' may be optimized with simpler operators"],
    ["proc.name regex 'a[bc]'", "ok"],
    ["evt.dir = <", "LOAD_DEPRECATED_ITEM usage of deprecated field 'evt.dir'"],
    [
      "k8s.rc.name = x",
      "LOAD_DEPRECATED_ITEM usage of deprecated field 'k8s.rc.name' has been detected: it has no value",
    ],
    ["k8s.svc.label[app] = x", "LOAD_DEPRECATED_ITEM usage of deprecated field 'k8s.svc.label'"],
    ["evt.latency > 5", "LOAD_DEPRECATED_ITEM usage of deprecated field 'evt.latency'"],
  ];
  for (const [condition, expected] of table) {
    it(condition, () => assert.equal(verdict(condition).slice(0, expected.length), expected));
  }

  it("a rule for too many event types is told, unless it asks not to be", () => {
    assert.equal(load(ruleText("proc.name = x")).diagnostics[0]?.code, "LOAD_NO_EVTTYPE");
    assert.deepEqual(load(ruleText("proc.name = x", "  warn_evttypes: false\n")).diagnostics, []);
    assert.deepEqual(load(ruleText("evt.type = open and evt.type = close")).diagnostics, []);
  });
});
