// SPDX-License-Identifier: Apache-2.0
#include "event.h"

namespace peregrine {

namespace {

/** Bytes that old writers counted in `len` but never wrote, for two event types. */
constexpr uint32_t kPhantomBytes = 3;

bool bad_event(Failure& failure, const Block& block, const char* code, std::string message) {
  return failure.set(code, std::move(message), static_cast<int64_t>(block.offset));
}

/**
 * Number of parameters of an event without that number: the largest that makes the lengths add up, at most as many as
 * the type has today. -1 where none does.
 */
int count_params(const uint8_t* lengths, uint32_t size, const EventInfo& info) {
  const uint32_t width = info.length_width;
  uint64_t sum = 0;
  int found = size == 0 ? 0 : -1;
  for (uint32_t n = 1; n <= info.nparams && n * width <= size; n++) {
    const uint8_t* at = lengths + (n - 1) * width;
    sum += width == 2 ? load<uint16_t>(at) : load<uint32_t>(at);
    if (n * width + sum == size) found = static_cast<int>(n);
  }
  return found;
}

}  // namespace

EventStatus decode_event(const Block& block, RawEvent& event, Failure& failure) {
  const uint32_t prefix = block.type.has_flags ? 6 : 2;
  const uint32_t header = block.type.version == 1 ? kEventHeaderV1 : kEventHeaderV2;
  if (block.body.size < prefix + header) {
    bad_event(failure, block, "CAPTURE_EVENT_LENGTH", "a block is too short for an event");
    return EventStatus::kFailed;
  }
  const uint8_t* body = block.body.data;
  const uint8_t* start = body + prefix;
  event.cpu = load<uint16_t>(body);
  event.flags = block.type.has_flags ? load<uint32_t>(body + 2) : 0;
  event.ts = load<uint64_t>(start);
  event.tid = load<uint64_t>(start + 8);
  uint32_t len = load<uint32_t>(start + 16);
  event.type = load<uint16_t>(start + 20);
  if (event.type >= kEventTypes) return EventStatus::kUnknownType;
  const EventInfo& info = kEvents[event.type];
  if (block.type.version == 1 && (event.type == event_type::kNotificationE || event.type == event_type::kInfrastructureEventE)) {
    len = len < kPhantomBytes ? 0 : len - kPhantomBytes;
  }
  if (len < header || len > block.body.size - prefix) {
    bad_event(failure, block, "CAPTURE_EVENT_LENGTH",
              std::string("an event of type ") + info.name + " claims " + std::to_string(len) + " bytes, its block has " +
                  std::to_string(block.body.size - prefix));
    return EventStatus::kFailed;
  }
  event.lengths = start + header;
  event.end = start + len;
  const uint32_t rest = len - header;
  if (block.type.version == 1) {
    const int count = count_params(event.lengths, rest, info);
    if (count < 0) return bad_parameter(block, event.type, failure);
    event.nparams = static_cast<uint32_t>(count);
    return EventStatus::kEvent;
  }
  event.nparams = load<uint32_t>(start + 22);
  return EventStatus::kEvent;
}

EventStatus bad_parameter(const Block& block, uint16_t type, Failure& failure) {
  bad_event(failure, block, "CAPTURE_PARAMETER",
            std::string("a parameter of an event of type ") + kEvents[type].name + " is longer than the event");
  return EventStatus::kFailed;
}

}  // namespace peregrine
