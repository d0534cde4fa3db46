// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "event.h"
#include "layout.generated.h"

namespace peregrine {

/** A parameter to decode. */
struct WantedParam {
  uint8_t index;
  ParamKind kind;
  uint8_t width;
  bool is_signed;
  uint16_t word;
};

/** What the plan says of one event type, made ready. */
struct Recipe {
  int32_t action = plan_action::kSkip;
  int32_t test = plan_test::kNone;
  int32_t operands[4] = {};
  uint32_t current_from = 0;  // with at least so many parameters the event is current as it is
  const WantedParam* wanted = nullptr;
  uint16_t count = 0;  // of wanted
  bool has_blobs = false;
  bool has_image = false;  // a copy of the event goes to the heap, for plugins

  /** True where the test on the event's parameters holds. An empty parameter fails every test. */
  bool holds(uint16_t type, const EventParams& params) const;
  /** Bytes of all blobs, and of the image, that will be copied. */
  uint64_t blob_bytes(uint16_t type, const EventParams& params) const;
};

/** What decides at once about an event that nobody wants, small enough for all types to stay in the cache. */
struct Quick {
  uint32_t skip_from;  // with at least so many parameters it is skipped as it is
  uint8_t marks;
  uint8_t length_width;
};

/** The plan of all event types. */
class Recipes {
 public:
  /** `plan`: kPlanWords words for each event type. */
  explicit Recipes(const int32_t* plan) { read(plan); }
  Recipes(const Recipes&) = delete;
  Recipes& operator=(const Recipes&) = delete;

  /** Another plan takes the place of the one before. */
  void read(const int32_t* plan);

  const Recipe& of(uint16_t type) const { return recipes_[type]; }
  Quick quick(uint16_t type) const { return quick_[type]; }

 private:
  Recipe recipes_[kEventTypes];
  Quick quick_[kEventTypes];
  std::vector<WantedParam> wanted_;  // recipes point into it
};

/** Bytes of an event's image: header, lengths, parameters. */
inline uint64_t image_bytes(uint16_t type, const EventParams& params) {
  uint64_t bytes = kEventHeaderV2 + uint64_t{params.count} * kEvents[type].length_width;
  for (uint32_t i = 0; i < params.count; i++) bytes += params.param[i].size;
  return bytes;
}

/** The value of an integer parameter of `width` bytes, from as many bytes of it as are there. */
inline int64_t integer_of(Span bytes, uint32_t width, bool is_signed) {
  const uint32_t size = bytes.size < width ? static_cast<uint32_t>(bytes.size) : width;
  switch (size) {
    case 8:
      return load<int64_t>(bytes.data);
    case 4:
      return is_signed ? load<int32_t>(bytes.data) : static_cast<int64_t>(load<uint32_t>(bytes.data));
    case 2:
      return is_signed ? load<int16_t>(bytes.data) : static_cast<int64_t>(load<uint16_t>(bytes.data));
    case 1:
      return is_signed ? static_cast<int8_t>(bytes.data[0]) : static_cast<int64_t>(bytes.data[0]);
    default: {
      uint64_t value = 0;
      for (uint32_t i = 0; i < size && i < 8; i++) value |= static_cast<uint64_t>(bytes.data[i]) << (8 * i);
      if (is_signed && size > 0 && size < 8 && (bytes.data[size - 1] & 0x80) != 0) value |= ~uint64_t{0} << (8 * size);
      return static_cast<int64_t>(value);
    }
  }
}

/**
 * True for what a plugin's own source has added to its events: an event like the others, also where a capture begins with it.
 * What describes the machine is of no plugin.
 */
inline bool is_of_plugin(uint16_t type, const EventParams& params) {
  return type == event_type::kAsynceventE && params.count > 0 && integer_of(params.param[0], 4, false) != 0;
}

}  // namespace peregrine
