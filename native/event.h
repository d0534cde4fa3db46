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

/** Decodes the event of a block as far as its header and checks that against the block. The parameters: params_fit(). */
EventStatus decode_event(const Block& block, RawEvent& event, Failure& failure);

/** Says that a parameter is longer than its event. Always kFailed. */
EventStatus bad_parameter(const Block& block, uint16_t type, Failure& failure);

/** Sum of `count` lengths of two bytes. Reads up to six bytes behind them: the input's buffer has that much to spare. */
inline uint64_t sum_of_lengths(const uint8_t* at, uint32_t count) {
  constexpr uint64_t kEven = 0x0000ffff0000ffff;
  constexpr uint32_t kMost = 65536;  // so that the two halves of the sum stay apart
  if (count > kMost) return UINT64_MAX;
  uint64_t sum = 0;
  for (; count >= 4; count -= 4, at += 8) {
    const uint64_t four = load<uint64_t>(at);
    sum += (four & kEven) + (four >> 16 & kEven);
  }
  if (count > 0) {
    const uint64_t rest = load<uint64_t>(at) & ((uint64_t{1} << (16 * count)) - 1);
    sum += (rest & kEven) + (rest >> 16 & kEven);
  }
  return (sum & UINT32_MAX) + (sum >> 32);
}

/** True where all parameters of the event lie within it. */
inline bool params_fit(const RawEvent& event, uint32_t width) {
  const size_t room = static_cast<size_t>(event.end - event.lengths);
  const uint64_t table = static_cast<uint64_t>(event.nparams) * width;
  if (table > room) return false;
  const uint64_t data = room - table;
  if (width == 2) return sum_of_lengths(event.lengths, event.nparams) <= data;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < event.nparams; i++) sum += load<uint32_t>(event.lengths + 4 * i);
  return sum <= data;
}

/** Finds the parameters of an event whose parameters fit. */
inline void locate_params(const RawEvent& event, const EventInfo& info, EventParams& params) {
  const uint32_t count = event.nparams < info.nparams ? event.nparams : info.nparams;
  const uint32_t width = info.length_width;
  const uint8_t* data = event.lengths + static_cast<size_t>(event.nparams) * width;
  uint32_t present = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t size = width == 2 ? load<uint16_t>(event.lengths + 2 * i) : load<uint32_t>(event.lengths + 4 * i);
    params.param[i] = {data, size};
    present |= static_cast<uint32_t>(size != 0) << i;
    data += size;
  }
  params.count = count;
  params.present = present;
}

}  // namespace peregrine
