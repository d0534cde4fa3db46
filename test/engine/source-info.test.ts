// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SectionHeader } from "../../src/capture/source.js";
import { nextLimit } from "../../src/engine/ingest.js";
import { createInfo, InfoWriter, readInfo } from "../../src/engine/source-info.js";

function header(addresses: number): SectionHeader {
  const interfaces = Array.from({ length: addresses }, (_, i) => {
    return { address: Uint8Array.of(10, i >> 16, i >> 8, i), netmask: Uint8Array.of(255, 0, 0, 0), name: "eth0" };
  });
  const machine = { cpus: 1, memoryBytes: 0n, hostname: 'bo"x', bootTime: 1_700_000_000_123_456_789n };
  return { machine, interfaces, users: [], groups: [], threads: [], fds: [] };
}

test("what ingest writes is what workers read", () => {
  const buffer = createInfo();
  assert.deepEqual(readInfo(buffer), { name: "", hostname: "", bootTime: 0n, addresses: new Set() });
  const writer = new InfoWriter(buffer, "syscall");
  writer.begin(header(2));
  assert.deepEqual(readInfo(buffer), {
    name: "syscall",
    hostname: 'bo"x',
    bootTime: 1_700_000_000_123_456_789n,
    addresses: new Set(["\x0a\x00\x00\x00", "\x0a\x00\x00\x01"]),
  });
});

test("a machine with very many addresses keeps some of them", () => {
  const buffer = createInfo();
  new InfoWriter(buffer, "syscall").begin(header(100_000));
  const { addresses } = readInfo(buffer);
  assert.ok(addresses.size > 1000 && addresses.size < 100_000);
});

test("the next sweep is never at once, nor beyond the room there is", () => {
  assert.equal(nextLimit(100, 1000, 100_000), 1000);
  assert.equal(nextLimit(800, 1000, 100_000), 1600);
  assert.equal(nextLimit(40_000, 1000, 100_000), 75_000);
  assert.equal(nextLimit(90_000, 1000, 100_000), 96_250);
});
