// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "block.h"
#include "event_table.generated.h"

namespace peregrine {

/*
 * An event in its block:
 *
 *   u16 cpu | [u32 flags] | u64 ts | u64 tid | u32 len | u16 type | [u32 nparams] | lengths | parameters
 *                          └──────────────── len counts from here to the end ────────────────────┘
 *
 * nparams is there from version 2 of the framing on. A length is a u16, or a u32 where the event's type says so.
 */
inline constexpr uint32_t kEventHeaderV1 = 22;
inline constexpr uint32_t kEventHeaderV2 = 26;

/** The event's header, and where the lengths and the bytes of its parameters are. */
struct RawEvent {
  uint64_t ts;
  uint64_t tid;
  uint32_t flags;  // of the block
  uint16_t cpu;
  uint16_t type;
  uint32_t nparams;  // that are in the file
  const uint8_t* lengths;
  const uint8_t* end;  // of the event
};

/** An event's parameters as pointers into wherever they are, not copied. No more than the event's type has. */
struct EventParams {
  uint32_t count = 0;
  uint32_t present = 0;  // bit i: parameter i is not empty
  Span param[kMaxParams];
};

enum class EventStatus : uint8_t { kEvent, kUnknownType, kFailed };

/** Decodes the event of a block as far as its header and checks all lengths against the block. */
EventStatus decode_event(const Block& block, RawEvent& event, Failure& failure);

/** Finds the parameters of a decoded event. */
void locate_params(const RawEvent& event, const EventInfo& info, EventParams& params);

}  // namespace peregrine
