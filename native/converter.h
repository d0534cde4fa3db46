// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "enter_store.h"
#include "event.h"

namespace peregrine {

/** What becomes of an event when it is brought up to date. */
enum class Converted : uint8_t {
  kPassed,   // it is a current event now
  kMerged,   // stored or dropped: its exit event carries what it said
  kUnknown,  // it cannot be a current event: nothing says how
};

/**
 * Turns events of older schemas into current ones, as schema/conversions.json says. Parameters are moved as pointers;
 * they point into the file's buffer, into the enter event that is stored for the thread, or at constants.
 */
class Converter {
 public:
  static constexpr uint32_t kNever = UINT32_MAX;

  /** With at least so many parameters an event of this type is current as it is; kNever: it always needs convert(). */
  static uint32_t current_from(const EventInfo& info) {
    if ((info.flags & (kFlagUnused | kFlagOldVersion)) != 0 || (info.marks & kEnter) != 0) return kNever;
    return (info.flags & kFlagConverterManaged) == 0 ? 0 : info.nparams;
  }

  /** Converts in place; `type` may change. Parameters stay valid until the next call. */
  Converted convert(uint64_t tid, uint16_t& type, EventParams& params);

  /** To be called when the converted event has been used: the enter event that it took from is forgotten. */
  void used() {
    if (taken_ != nullptr) taken_->type = StoredEnter::kNone;
    taken_ = nullptr;
  }

  void clear() {
    enters_.clear();
    taken_ = nullptr;
  }

 private:
  void apply(uint64_t tid, uint16_t& type, EventParams& params, const Conversion& conversion);
  Span source(uint64_t tid, uint16_t type, const ConversionStep& step, const ParamInfo& target, const EventParams& old);
  void container_as_json(uint16_t& type, EventParams& params);

  EnterStore enters_;
  StoredEnter* taken_ = nullptr;
  std::string json_;
};

}  // namespace peregrine
