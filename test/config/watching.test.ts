// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { liveSettings } from "../../src/cli/live.js";
import { loadConfig } from "../../src/config/load.js";
import { DEFAULT_WATCHING } from "../../src/config/watching.js";
import { PeregrineError } from "../../src/telemetry/errors.js";
import { shared, withoutShared } from "../support/shared.js";

function watching(...options: readonly string[]) {
  return loadConfig(null, options).config.watching;
}

test("base_syscalls, drops, timeouts and captures are read", () => {
  assert.deepEqual(
    watching("base_syscalls.custom_set[]=open", "base_syscalls.custom_set[]=!close", "base_syscalls.repair=true").base,
    {
      customSet: ["open", "!close"],
      repair: true,
      all: false,
    },
  );
  assert.deepEqual(
    watching(
      "syscall_event_drops.threshold=.5",
      "syscall_event_drops.actions[]=exit",
      "syscall_event_drops.rate=2",
      "syscall_event_drops.max_burst=7",
      "syscall_event_drops.simulate_drops=yes",
      "syscall_event_timeouts.max_consecutives=5",
      "watch_config_files=false",
    ),
    {
      ...DEFAULT_WATCHING,
      drops: { threshold: 0.5, actions: ["exit"], rate: 2, maxBurst: 7, simulate: true },
      mostTimeouts: 5,
      followFiles: false,
    },
  );
  assert.equal(watching("capture.mode=all_rules").capture, null);
  assert.deepEqual(
    watching("capture.enabled=true", "capture.path_prefix=/x/y", "capture.before={seconds: 1.5, megabytes: 2}").capture,
    {
      prefix: "/x/y",
      mode: "rules",
      defaultDuration: 5000,
      mostBytes: 0,
      beforeBytes: 2 * 1024 * 1024,
      beforeMs: 1500,
    },
  );
});

test("the kernel's ring has the room of Falco's buffers, and data is kept as far as there is room", () => {
  const { kernel } = watching();
  assert.deepEqual(kernel, { ...DEFAULT_WATCHING.kernel, bufferBytes: 8 << 20, cpusForEachBuffer: 2, snaplen: 80 });
  const small = watching("engine.modern_ebpf.buf_size_preset=1", "engine.modern_ebpf.cpus_for_each_buffer=0").kernel;
  assert.deepEqual(small, { ...kernel, bufferBytes: 1 << 20, cpusForEachBuffer: 0 });
  for (const [configured, processors, megabytes] of [
    [kernel, 1, 8],
    [kernel, 2, 8],
    [kernel, 3, 16],
    [kernel, 6, 32],
    [kernel, 64, 256],
    [kernel, 1000, 1024],
    [small, 64, 1],
    [watching("engine.modern_ebpf.buf_size_preset=10").kernel, 4, 1024],
  ] as const) {
    assert.equal(liveSettings({}, configured, processors).ringBytes, megabytes << 20, `${processors} processors`);
  }
  const flags = watching(
    "engine.modern_ebpf.drop_failed_exit=true",
    "engine.modern_ebpf.disable_iterators=true",
  ).kernel;
  assert.deepEqual(flags, { ...kernel, dropFailed: true, noIterators: true });
  assert.equal(watching("falco_libs.snaplen=0").kernel.snaplen, 80);
  assert.equal(watching("falco_libs.snaplen=500").kernel.snaplen, 500);
  const { config, warnings } = loadConfig(null, ["falco_libs.snaplen=65535"]);
  assert.equal(config.watching.kernel.snaplen, 4095);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["CONFIG_UNSUPPORTED"],
  );
  for (const bad of [
    "engine.modern_ebpf.buf_size_preset=0",
    "engine.modern_ebpf.buf_size_preset=11",
    "falco_libs.snaplen=x",
  ]) {
    assert.throws(() => watching(bad), /whole number/);
  }
});

test("choices that there are not are errors", () => {
  const bad = [
    ["syscall_event_drops.threshold=1.5"],
    ["syscall_event_drops.actions[]=shout"],
    ["syscall_event_drops.actions[]=ignore", "syscall_event_drops.actions[]=log"],
    ["syscall_event_timeouts.max_consecutives=0"],
    ["syscall_event_drops.rate=-1"],
    ["capture.mode=some"],
  ];
  for (const options of bad) {
    assert.throws(
      () => watching(...options),
      (error) => error instanceof PeregrineError && error.code === "CONFIG_VALUE",
      options.join(" "),
    );
  }
});

test("today's falco.yaml is taken as it is", { skip: withoutShared }, () => {
  const path = shared("data/confs/falco-current/falco.yaml");
  assert.match(readFileSync(path, "utf8"), /^syscall_event_drops:/m);
  const { config } = loadConfig(path, []);
  assert.deepEqual(config.watching, DEFAULT_WATCHING);
});
