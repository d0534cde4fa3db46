// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "../event_table.generated.h"
#include "tables.h"

namespace peregrine::state {

/** Applies one event to the tables. Runs once for each event of its type that the plan lets through. */
using Handler = void (*)(Tables& c);

/** Spares the stage events that cannot change anything: a plan_test and its operands, as in a plan's row. */
struct Test {
  int32_t test = plan_test::kNone;
  int32_t operands[4] = {};
};

/**
 * A handler, the event type that it is for, and the parameters (a mask of their indices) that it reads: the reader decodes
 * no others. The handler must check what the test checks, since rules may want the events that fail it.
 */
struct Rule {
  uint16_t type;
  Handler run;
  uint32_t params;
  Test test;
  uint32_t when = 0;  // annex_part bits of which one must be asked for, 0 = always; of two rules for a type the later holds
};

using Rules = std::span<const Rule>;

/** Indices of parameters as a mask. */
constexpr uint32_t params(std::initializer_list<int> indices) {
  uint32_t mask = 0;
  for (const int index : indices) {
    if (index >= 0) mask |= uint32_t{1} << index;
  }
  return mask;
}

/** Word offset of a parameter, -1 where there is none (index -1). */
constexpr int32_t place_of(uint16_t type, int param) {
  return param < 0 ? -1 : word_of(type, static_cast<uint32_t>(param));
}

/** The call did not fail: parameter 0, its result, is zero or more. */
inline constexpr Test kSucceeds{plan_test::kSuccess, {0}};

/* Bits of open flags in the capture's own encoding. */
namespace open_flag {

inline constexpr int32_t kDirectory = 1 << 10;
inline constexpr int32_t kCloexec = 1 << 12;
inline constexpr int32_t kCreated = 1 << 14;
inline constexpr int32_t kUpperLayer = 1 << 15;
inline constexpr int32_t kLowerLayer = 1 << 16;

}  // namespace open_flag

/** Every event type that changes state, and how: one rule a type. */
std::span<const Rules> all_rules();

/* The rules of each file, with their handlers. */
Rules clone_rules();
Rules exec_rules();
Rules exit_rules();
Rules enter_rules();
Rules open_rules();
Rules close_rules();
Rules dup_rules();
Rules special_fd_rules();
Rules socket_rules();
Rules connect_rules();
Rules transfer_rules();
Rules cwd_rules();
Rules identity_rules();
Rules people_rules();
Rules container_rules();
Rules cost_rules();

}  // namespace peregrine::state
