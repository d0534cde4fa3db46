// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadLibrary } from "../../../src/plugins/library/load.js";
import { readInfo } from "../../../src/plugins/read-info.js";
import type { ErrorCode } from "../../../src/telemetry/errors.js";
import { PeregrineError } from "../../../src/telemetry/errors.js";
import { compileLibrary } from "./compile.js";
import { running } from "./running.js";

const counter = () => compileLibrary("counter.c");

/** What loading `broken.c`, built with these defines, comes to, in a child process and in this one. */
async function broken(defines: Readonly<Record<string, string>>): Promise<PeregrineError> {
  const path = compileLibrary("broken.c", defines);
  const failures: PeregrineError[] = [];
  for (const process of ["child", "in-process"] as const) {
    await assert.rejects(
      async () => (await loadLibrary(path, { process })).close(),
      (error: unknown) => {
        assert(error instanceof PeregrineError);
        failures.push(error);
        return true;
      },
    );
  }
  const [child, here] = failures;
  assert(child !== undefined && here !== undefined);
  assert.equal(child.message, here.message);
  assert.equal(child.code, here.code);
  return child;
}

test("a library tells who it is and what it can do", async (t) => {
  const { library } = await running(t, counter());
  const { name, version, description, contact, source, extractor, configSchema, asyncEvents } = library.plugin.spec;
  assert.deepEqual([name, version, description, contact], ["counter", "1.2.3", "Counts", "nobody"]);
  assert.equal(library.details.requiredApiVersion, "3.6.0");
  assert.equal(library.details.api, "3");
  assert.deepEqual([source?.id, source?.source], [999, "counter"]);
  assert.deepEqual(extractor?.sources, ["counter"]);
  assert.deepEqual(configSchema, {
    $schema: "http://json-schema.org/draft-04/schema#",
    type: "object",
    properties: { start: { type: "integer" } },
  });
  assert.equal(asyncEvents, undefined);
  const fields = extractor?.fields ?? {};
  assert.deepEqual(Object.keys(fields).length, 13);
  assert.deepEqual(fields["counter.value"], { type: "uint64", desc: "The number", suggested: true });
  assert.deepEqual(fields["counter.text"], { type: "string", desc: "The number as text", display: "Text" });
  assert.deepEqual(fields["counter.digits"], {
    type: "string",
    desc: "Its digits",
    list: true,
    argument: { kind: "index" },
  });
  assert.deepEqual(fields["counter.key"]?.argument, { kind: "key", required: true });
  assert.deepEqual(fields["counter.either"]?.argument, { kind: "either" });
  assert.equal(fields["counter.parts"]?.hidden, true);
});

test("a library of API 0.3 tells it as well", async (t) => {
  const { library } = await running(t, compileLibrary("old-source.c"));
  const { spec } = library.plugin;
  assert.equal(library.details.api, "0.3");
  assert.deepEqual([spec.name, spec.source?.id, spec.source?.source], ["old_source", 998, "old"]);
  assert.deepEqual(spec.extractor?.sources, ["old"]);
  assert.deepEqual(spec.extractor?.fields["old.arg"]?.argument, { kind: "key", required: true });
  const extractor = (await running(t, compileLibrary("old-extractor.c"))).library.plugin.spec;
  assert.equal(extractor.source, undefined);
  assert.equal(extractor.version, "0.1.0");
  assert.equal(extractor.extractor?.sources, undefined);
  const named = await running(t, compileLibrary("old-extractor.c", { SOURCES: '"[\\"old\\", \\"other\\"]"' }));
  assert.deepEqual(named.library.plugin.spec.extractor?.sources, ["old", "other"]);
});

test("a library may extract no field at all", async (t) => {
  const none = await running(t, compileLibrary("broken.c", { ...EXTRACT, FIELDS: '"[]"' }));
  assert.deepEqual(none.library.plugin.spec.extractor?.fields, {});
  assert.deepEqual(none.extract([])({ data: "1" }), {});
});

test("names of a plugin and of its source are any text of one line", async (t) => {
  const names = { NAME: '"My plugin 1.0\\n"', SOURCE: '"my-source/1"', ID: "5", OPEN: "", REST_OF_SOURCE: "" };
  const { library } = await running(t, compileLibrary("broken.c", { ...EXTRACT, ...names, FIELDS: '"[]"' }));
  const { name, source } = readInfo(library.plugin, "broken.so");
  assert.deepEqual([name, source], ["My plugin 1.0", { id: 5, name: "my-source/1" }]);
  const many = await running(t, compileLibrary("broken.c", { ...EXTRACT, NAME: '"two\\nlines"' }));
  assert.throws(() => readInfo(many.library.plugin, "broken.so"), {
    code: "PLUGIN_LOAD",
    message: "the plugin's name is wrong: must be one line of at most 128 characters, without space around it",
  });
});

test("properties of a field are a text with the first SDKs of API 0.3, a list later", async (t) => {
  for (const properties of ['\\"\\"', '\\"hidden\\"', '\\"info, hidden\\"', '[\\"hidden\\"]', "[]", "null"]) {
    const { library } = await running(t, compileLibrary("old-extractor.c", { PROPERTIES: `"${properties}"` }));
    const { hidden = false } = library.plugin.spec.extractor?.fields["length.bytes"] ?? {};
    assert.equal(hidden, properties.includes("hidden"), properties);
  }
});

test("a file that is no library, or none at all", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "peregrine-library-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = join(folder, "text.so");
  writeFileSync(text, "no library\n");
  for (const path of [text, join(folder, "absent.so"), folder]) {
    await assert.rejects(loadLibrary(path), (error: PeregrineError) => {
      assert.equal(error.code, "LIBRARY_OPEN");
      assert.match(error.message, /^cannot load plugin .*: can't load plugin dynamic library: /);
      return true;
    });
  }
});

const EXTRACT = { EXTRACT: "" };

const BROKEN: readonly (readonly [Readonly<Record<string, string>>, ErrorCode, string])[] = [
  [{ NO_API: "" }, "LIBRARY_SYMBOL", "plugin_get_required_api_version symbol not implemented"],
  [{ API: '"three"' }, "LIBRARY_API_VERSION", "plugin provided an invalid required API version: 'three'"],
  [
    { API: '"2.0.0"' },
    "LIBRARY_API_VERSION",
    "plugin required API version '2.0.0' not compatible with the framework's API version '3.12.0': major versions disagree",
  ],
  [
    { API: '"3.13.0"' },
    "LIBRARY_API_VERSION",
    "plugin required API version '3.13.0' not compatible with the framework's API version '3.12.0': " +
      "framework's minor is less than the requested one",
  ],
  [
    { API: '"3.12.1"' },
    "LIBRARY_API_VERSION",
    "plugin required API version '3.12.1' not compatible with the framework's API version '3.12.0': " +
      "framework's patch is less than the requested one",
  ],
  [
    { API: '"0.4.0"' },
    "LIBRARY_API_VERSION",
    "plugin required API version '0.4.0' not compatible with the framework's API version '0.3.0': " +
      "framework's minor is less than the requested one",
  ],
  [{ NO_NAME: "" }, "LIBRARY_SYMBOL", "symbol not implemented: get_name"],
  [{ NO_LAST_ERROR: "" }, "LIBRARY_SYMBOL", "symbol not implemented: get_last_error"],
  [{}, "LIBRARY_SYMBOL", "plugin does not implement any capability"],
  [
    { OPEN: "" },
    "LIBRARY_SYMBOL",
    "broken plugin capabilities: must implement all of 'plugin_open', 'plugin_close', and 'plugin_next_batch' (event sourcing)",
  ],
  [
    { OPEN: "", REST_OF_SOURCE: "", ID: "5" },
    "LIBRARY_SYMBOL",
    "broken plugin capabilities: must implement both 'plugin_get_id' and 'plugin_get_event_source' or neither (event sourcing)",
  ],
  [
    { NO_FIELDS: "", EXTRACT: "", ASYNC_HANDLER: "" },
    "LIBRARY_SYMBOL",
    "broken plugin capabilities: must implement both 'plugin_get_fields' and 'plugin_extract_fields' (field extraction), " +
      "must implement both 'plugin_get_async_events' and 'plugin_set_async_event_handler' (async events)",
  ],
  [
    { ...EXTRACT, CAPTURE_OPEN: "" },
    "LIBRARY_SYMBOL",
    "broken plugin capabilities: must implement both 'plugin_capture_open' and 'plugin_capture_close' (capture listening)",
  ],
  [{ API: '"0.3.0"' }, "LIBRARY_SYMBOL", "symbol not implemented: get_type"],
  [{ API: '"0.3.0"', TYPE: "7" }, "LIBRARY_SYMBOL", "plugin has an unknown type: 7"],
  [{ API: '"0.3.0"', TYPE: "1" }, "LIBRARY_SYMBOL", "symbol not implemented: get_id"],
  [{ ...EXTRACT, VERSION: '"one"' }, "LIBRARY_DESCRIPTION", "plugin provided an invalid version string: 'one'"],
  [{ ...EXTRACT, NAME: '""' }, "LIBRARY_DESCRIPTION", "plugin returned an empty name"],
  [
    { OPEN: "", REST_OF_SOURCE: "", ID: "5", SOURCE: '"syscall"' },
    "LIBRARY_DESCRIPTION",
    "plugin can't implement the reserved event source 'syscall'",
  ],
  [
    { OPEN: "", REST_OF_SOURCE: "" },
    "LIBRARY_DESCRIPTION",
    "it is a source of system calls (it has no plugin ID), which is not supported: see docs/compatibility.md",
  ],
  [
    { OPEN: "", REST_OF_SOURCE: "", ID: "0", SOURCE: '""' },
    "LIBRARY_DESCRIPTION",
    "it is a source of system calls (it has no plugin ID), which is not supported: see docs/compatibility.md",
  ],
  [
    { ...EXTRACT, FIELDS: "NULL" },
    "LIBRARY_DESCRIPTION",
    "error in plugin broken: get_fields returned an invalid JSON",
  ],
  [
    { ...EXTRACT, FIELDS: '"{}"' },
    "LIBRARY_DESCRIPTION",
    "error in plugin broken: get_fields returned an invalid JSON",
  ],
  [
    { ...EXTRACT, SOURCES: '"{}"' },
    "LIBRARY_DESCRIPTION",
    "error in plugin broken: 'get_extract_event_sources' did not return a json array",
  ],
  [
    { ...EXTRACT, ASYNC_HANDLER: "", ASYNC_EVENTS: '""' },
    "LIBRARY_DESCRIPTION",
    "error in plugin broken: 'get_async_events' did not return a json array but it should",
  ],
  [
    { ...EXTRACT, SCHEMA: '"{}"', SCHEMA_TYPE: "9" },
    "LIBRARY_DESCRIPTION",
    "error in plugin broken: get_init_schema returned an unknown schema type 9",
  ],
  [
    { ...EXTRACT, SCHEMA: '"[1]"', SCHEMA_TYPE: "1" },
    "LIBRARY_DESCRIPTION",
    "error in plugin broken: get_init_schema did not return a json object",
  ],
];

for (const [defines, code, message] of BROKEN) {
  test(`a library that cannot be used: ${message}`, async () => {
    const error = await broken(defines);
    assert.equal(error.message, `cannot load plugin ${error.place.file ?? ""}: ${message}`);
    assert.equal(error.code, code);
  });
}

test("a library that crashes, exits or hangs while it is loaded takes nothing with it", async () => {
  const load = (body: string) =>
    loadLibrary(compileLibrary("broken.c", { CONSTRUCTOR: body }), { timeouts: { control: 300 } });
  await assert.rejects(load("*(volatile int*)8 = 1"), {
    code: "LIBRARY_DIED",
    message: /died of SIGSEGV while it was loaded/,
  });
  await assert.rejects(load("exit(4)"), { code: "LIBRARY_DIED", message: /exited with status 4 while it was loaded/ });
  await assert.rejects(load("for (volatile int i = 0;; i++) {}"), { code: "LIBRARY_TIMEOUT" });
});

test("init that fails says the plugin's last error", async (t) => {
  for (const process of ["child", "in-process"] as const) {
    const { library, context } = await running(t, counter(), { process });
    assert.throws(() => library.plugin.spec.init({ refuse: 1 }, context), {
      name: "ConfigFailure",
      message: `could not initialize plugin: I do not want '{"refuse":1}'`,
    });
    const none = await running(t, compileLibrary("broken.c", { ...EXTRACT, INIT_NULL: "" }), { process });
    assert.throws(() => none.library.plugin.spec.init("", none.context), {
      name: "ConfigFailure",
      message: "could not initialize plugin: plugin handle or 'get_last_error' function not defined",
    });
  }
  const { library, context } = await running(t, counter());
  assert.throws(() => library.plugin.spec.init("crash", context), {
    code: "LIBRARY_DIED",
    message: /SIGSEGV while initializing/,
  });
  const again = library.plugin.spec.init({}, context);
  assert.notEqual(again, null, "a process that died is started again");
});

test("what a plugin logs is handed on", async (t) => {
  const { library, context } = await running(t, counter());
  library.plugin.spec.init({}, context);
  assert.deepEqual(context.logs, [
    { level: "info", message: "counter: initialized" },
    { level: "warn", message: "part: with a component" },
  ]);
});

test("a plugin that reads system calls must know their schema", async (t) => {
  const load = async (defines: Readonly<Record<string, string>>) => {
    const { library, context } = await running(t, compileLibrary("broken.c", { ...EXTRACT, ...defines }));
    return () => library.plugin.spec.init("", context);
  };
  assert.throws(await load({ TYPES: "3,5" }), {
    code: "LIBRARY_EVENT_SCHEMA",
    message:
      "plugin broken required event schema version '3.0.0' not compatible with the event schema version in use '4.5.1'",
  });
  assert.throws(await load({ TYPES: "3", EVENT_SCHEMA: '"4.6.0"' }), { code: "LIBRARY_EVENT_SCHEMA" });
  assert.doesNotThrow(await load({ TYPES: "3", EVENT_SCHEMA: '"4.5.0"' }));
  assert.doesNotThrow(await load({ TYPES: "322" }));
});
