// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import type { Demand } from "../../src/batch/plan.js";
import { type Extractor, type Field, UNKEYED } from "../../src/fields/field.js";
import { listFields, resolveField } from "../../src/fields/registry.js";
import type { EventView } from "../../src/fields/view.js";
import { FieldBed } from "../support/field-bed.js";
import { DELIVERED, makeWorld, Random, randomEvent } from "../support/random-events.js";

const EXTRA_TEXTS = ["proc.aname[1]", "proc.aname[2]", "proc.apid[1]", "proc.args[0]", "proc.env[B]", "proc.aenv[A]"]
  .concat(["proc.aenv[1]", "evt.arg[0]", "evt.arg[1]", "evt.arg[2]", "evt.abspath.src", "evt.abspath.dst"])
  .concat(["thread.cgroup.cpu", "container.mount[0]", "container.label[a]", "evt.type.is.openat"]);

/** Every field that this version answers, with arguments where they need some. */
function allFields(): Field[] {
  const names = new Set(EVENTS.flatMap((event) => event.params.map((param) => param.name)));
  const texts = listFields("syscall")
    .filter((entry) => entry.arg?.required !== true)
    .map((entry) => entry.name)
    .concat(EXTRA_TEXTS)
    .concat([...names].flatMap((name) => [`evt.arg.${name}`, `evt.rawarg.${name}`]));
  return texts.flatMap((text) => {
    const found = resolveField(text, "syscall");
    return "error" in found ? [] : [found];
  });
}

/** What an extractor says of an event, as a comparable thing. */
function extracted(extract: Extractor, e: EventView): unknown {
  switch (extract.shape) {
    case "keyed": {
      const key = extract.key(e);
      return key === -1 ? null : extract.text(key, e);
    }
    case "each": {
      const keys = new Int32Array(64);
      const count = extract.keys(e, keys);
      return Array.from(keys.subarray(0, count), (key) => extract.text(key, e));
    }
    default:
      return extract.get(e);
  }
}

test("a field reads no parameter that it does not ask for", () => {
  const bed = new FieldBed();
  const world = makeWorld(bed);
  const random = new Random(7);
  const fields = allFields();
  const demands = fields.map((field) => {
    const demand: Demand = [];
    for (const event of EVENTS) field.demand(event.id, demand);
    return demand;
  });
  for (const info of DELIVERED) {
    for (let round = 0; round < 3; round++) {
      const { spec, attached } = randomEvent(random, world, info);
      const numbered = { ...spec, number: 1000 };
      const e = bed.event(numbered, attached);
      const whole = fields.map((field) => [extracted(field.extract, e), field.value(e).json]);
      const masks = new Map<number, number[]>();
      fields.forEach((_, i) => {
        const mask = demands[i]?.[info.id] ?? 0;
        const group = masks.get(mask);
        if (group === undefined) masks.set(mask, [i]);
        else group.push(i);
      });
      for (const [mask, group] of masks) {
        const demand: Demand = [];
        demand[info.id] = mask;
        const narrow = bed.event({ ...numbered, time: 1_700_000_000_000_001_000n }, attached, demand);
        const wide = group.map((i) => whole[i]);
        for (const [n, i] of group.entries()) {
          const field = fields[i] as Field;
          if (/time|duration/.test(field.name)) continue;
          assert.deepEqual(
            [extracted(field.extract, narrow), field.value(narrow).json],
            wide[n],
            `${field.name} on ${info.name} ${JSON.stringify(spec.params, (_, v) => (typeof v === "bigint" ? String(v) : v))}`,
          );
        }
      }
    }
  }
});

test("a key stands for one text, whatever event it comes from", () => {
  const bed = new FieldBed();
  const world = makeWorld(bed);
  const random = new Random(11);
  const fields = allFields().filter((field) => field.extract.shape === "keyed");
  const seen = fields.map(() => new Map<number, string | null>());
  for (let round = 0; round < 12; round++) {
    for (const info of DELIVERED) {
      const { spec, attached } = randomEvent(random, world, info);
      const e = bed.event(spec, attached);
      for (const [i, field] of fields.entries()) {
        const extract = field.extract;
        if (extract.shape !== "keyed") continue;
        const key = extract.key(e);
        if (key === -1 || key === UNKEYED) continue;
        assert.ok(Number.isSafeInteger(key) && key >= 0, `${field.name}: key ${key}`);
        if (extract.dense) assert.ok(key < UNKEYED, `${field.name}: dense key ${key}`);
        const text = extract.text(key, e);
        const known = seen[i]?.get(key);
        if (known === undefined) seen[i]?.set(key, text);
        else assert.equal(text, known, `${field.name}, key ${key}, on ${info.name}`);
      }
    }
  }
});

test("every value is JSON, and absent is null", () => {
  const bed = new FieldBed();
  const world = makeWorld(bed);
  const random = new Random(13);
  const fields = allFields();
  for (const info of DELIVERED) {
    const { spec, attached } = randomEvent(random, world, info);
    const e = bed.event(spec, attached);
    for (const field of fields) {
      const { text, json } = field.value(e);
      assert.equal(JSON.parse(json) === null, text === null, `${field.name} on ${info.name}: ${json}`);
    }
  }
});
