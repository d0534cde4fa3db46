// SPDX-License-Identifier: Apache-2.0
// Writes how a current event is told in the schema of Falco 0.31 (native/legacy_table.generated.h): the conversions of
// schema/conversions.json read backwards. Each old exit event is brought up to date with symbols in place of values; where
// its parameters have gone is then where they come from.
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`schema/${name}`, root), "utf8"));

const UNUSED = 64;
const OLD_VERSION = 512;
const NONE = 0xffff;

/** Exits that have no conversion from an older event, though one of then tells nearly the same: another name, same state. */
const STAND_INS = {
  SYSCALL_CLONE3_X: "SYSCALL_CLONE_20_X",
  SYSCALL_DUP2_X: "SYSCALL_DUP_1_X",
  SYSCALL_DUP3_X: "SYSCALL_DUP_1_X",
  SYSCALL_PIPE2_X: "SYSCALL_PIPE_X",
  SYSCALL_EVENTFD2_X: "SYSCALL_EVENTFD_X",
  SYSCALL_SIGNALFD4_X: "SYSCALL_SIGNALFD_X",
  SYSCALL_INOTIFY_INIT1_X: "SYSCALL_INOTIFY_INIT_X",
  SYSCALL_UMOUNT2_X: "SYSCALL_UMOUNT_1_X",
};
/** Their child's side has no enter event. */
const TWICE_RETURNING = new Set(["clone", "clone3", "fork", "vfork"]);

export function legacyTable() {
  const { events, paramTypes, syscalls, syscallNumbers = {} } = read("events.json");
  const { entries } = read("conversions.json");
  const legacy = read("legacy-events.json");
  const widths = new Map(paramTypes.map((type) => [type.name, type.size ?? 0]));
  const short = (event) => event.enum.replace("PPME_", "");
  const byName = new Map(events.map((event) => [short(event), event]));
  const conversionOf = (type, count) => entries.find((entry) => entry.type === type && entry.nparams === count);
  const then = (id) => {
    const event = legacy.events[id];
    return event !== undefined && (event.flagsValue & UNUSED) === 0 && short(event) !== "NA" ? event : null;
  };

  /** What becomes of an exit event of then: its type today, and for each parameter "old 2", "enter 0" or "". */
  function bringUpToDate(id) {
    let type = id;
    let symbols = legacy.events[id].params.map((_, i) => `old ${i}`);
    for (let step = 0; step < 50; step++) {
      const entry = conversionOf(type, symbols.length);
      if (entry === undefined || (entry.action !== "add_params" && entry.action !== "change_type")) break;
      const made = entry.params.map(({ from, src }) => {
        if (from === "old") return symbols[src] ?? "";
        return from === "enter" && type === id ? `enter ${src}` : "";
      });
      symbols = entry.action === "add_params" ? [...symbols, ...made] : made;
      type = entry.to_type ?? type;
    }
    return { type, symbols };
  }

  /** Every exit of then by the type it is today; the latest one, and none that was old already where there is another. */
  const sources = new Map();
  for (const event of legacy.events) {
    if (event.id % 2 === 0 || then(event.id) === null) continue;
    const { type, symbols } = bringUpToDate(event.id);
    const isOld = (event.flagsValue & OLD_VERSION) !== 0;
    const found = sources.get(type);
    if (found !== undefined && found.id === type) continue;
    if (found === undefined || found.isOld || !isOld || event.id === type)
      sources.set(type, { id: event.id, symbols, isOld });
  }

  const params = [];
  /** The parameters of an event of then, each from a parameter of `from` (an event of today). */
  function add(event, kind, symbols, from) {
    const first = params.length;
    event.params.forEach((param, i) => {
      let source = symbols.indexOf(`${kind} ${i}`);
      if (source < 0) source = from.params.findIndex(({ name }) => name === param.name);
      params.push(`    {${source}, ${fillOf(param.type, widths)}},  // ${event.id} ${param.name}`);
    });
    return first;
  }

  const rows = events.map((event) => {
    const source = sources.get(event.id);
    const standIn = byName.get(STAND_INS[short(event)]);
    let exit = null;
    let symbols = [];
    if (event.id % 2 === 0) exit = then(event.id);
    else if (source !== undefined) {
      exit = legacy.events[source.id];
      symbols = source.symbols;
    } else if (standIn !== undefined) {
      const other = sources.get(standIn.id);
      exit = legacy.events[other.id];
      // By name from the one to the other.
      symbols = event.params.map(
        ({ name }) => other.symbols[standIn.params.findIndex((param) => param.name === name)] ?? "",
      );
    }
    if (exit === null) {
      const code = event.id % 2 === 1 ? (event.sc[0] ?? 0) : 0;
      return `    {${NONE}, 0, 0, ${NONE}, 0, 0, false, ${code < legacy.syscalls ? code : 0}, ${native(code)}},  // ${event.id}`;
    }
    const enter = event.id % 2 === 1 ? then(exit.id - 1) : null;
    const exitFirst = add(exit, "old", symbols, event);
    const enterFirst = enter === null ? 0 : add(enter, "enter", symbols, event);
    return `    {${exit.id}, ${exit.params.length}, ${exitFirst}, ${enter?.id ?? NONE}, ${enter?.params.length ?? 0}, ${enterFirst}, ${TWICE_RETURNING.has(event.name)}, 0, 0},  // ${event.id}`;
  });

  function native(code) {
    return code === 0 ? 0 : (syscallNumbers[syscalls[code]] ?? 0);
  }

  const counts = legacy.events.map((event) => (then(event.id) === null ? "kNoLegacyEvent" : event.params.length));
  return `// SPDX-License-Identifier: Apache-2.0
// Generated by scripts/generate-legacy.mjs from schema/legacy-events.json and schema/conversions.json. Do not edit.
#pragma once

#include <cstdint>

namespace peregrine {

/** What stands for a value that is not there: readers of then expect a parameter of fixed size to have that size. */
enum class LegacyFill : uint8_t { kNothing, kZeros, kOnes, kNull };

/** A parameter of then. */
struct LegacyParam {
  int8_t source;  // parameter of today's event, -1: none
  uint8_t width;  // bytes of a value of fixed size, else how many zeros stand for none
  bool is_fixed;
  LegacyFill fill;
};

/** How an event of today was told then: as an exit (or an event without halves), and the enter before it. */
struct LegacyEvent {
  uint16_t exit;
  uint8_t exit_params;
  uint16_t exit_first;
  uint16_t enter;
  uint8_t enter_params;
  uint16_t enter_first;
  bool returns_twice;  // the side where the result is 0 has no enter
  uint16_t syscall;    // where exit is kNoLegacyType, of the generic event that stands for it: code of then, 0 = none
  uint16_t native;     // and number
};

inline constexpr uint16_t kNoLegacyType = ${NONE};
inline constexpr uint8_t kNoLegacyEvent = 255;
inline constexpr uint32_t kLegacyTypes = ${legacy.events.length};
inline constexpr uint16_t kLegacySyscalls = ${legacy.syscalls};
inline constexpr uint16_t kGenericEnter = ${byName.get("GENERIC_E").id};
inline constexpr uint16_t kGenericExit = ${byName.get("GENERIC_X").id};

inline constexpr LegacyParam kLegacyParams[] = {
${params.join("\n")}
};

/** By today's event type. */
inline constexpr LegacyEvent kLegacyEvents[] = {
${rows.join("\n")}
};

/** Parameters of each event type of then. */
inline constexpr uint8_t kLegacyCounts[] = {
${counts.map((count, id) => `    ${count},  // ${id}`).join("\n")}
};

}  // namespace peregrine
`;
}

/** Width, whether it is fixed, and what stands for none. */
function fillOf(type, widths) {
  const width = widths.get(type);
  if (["PT_CHARBUF", "PT_FSPATH", "PT_FSRELPATH"].includes(type)) return "0, false, LegacyFill::kNull";
  if (type === "PT_FDLIST") return "2, false, LegacyFill::kZeros";
  if (type === "PT_DYN") return "1, false, LegacyFill::kZeros";
  if (width === 0) return "0, false, LegacyFill::kNothing";
  const ones = ["PT_UID", "PT_GID", "PT_FD"].includes(type);
  return `${width}, true, LegacyFill::${ones ? "kOnes" : "kZeros"}`;
}

writeFileSync(new URL("native/legacy_table.generated.h", root), legacyTable());
