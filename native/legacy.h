// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "event.h"
#include "legacy_table.generated.h"

namespace peregrine {

/**
 * Tells today's events as they were told at Falco 0.31: an enter event with what went into a system call and an exit event
 * with what came out. What an event of then had and today's lacks gets a value of the right size that says nothing.
 */
class LegacyEvents {
 public:
  struct Event {
    uint16_t type = kNoLegacyType;
    EventParams params;
  };

  /** True where an event can stay as it is: its type and all its parameters were there then. */
  static bool fits(uint16_t type, uint32_t nparams, const EventParams& params);

  /** Makes enter() and exit() of an event of today. False where nothing of then stands for it. */
  bool convert(uint16_t type, const EventParams& params);

  /** Its type is kNoLegacyType where there is none. Both are valid until the next call, and as long as the parameters. */
  const Event& enter() const { return enter_; }
  const Event& exit() const { return exit_; }

 private:
  void fill(Event& event, uint16_t type, uint32_t count, uint32_t first, const EventParams& from);
  void generic(uint16_t code, uint16_t native);
  bool container(const EventParams& params);
  Span value(const LegacyParam& param, const EventParams& from);

  Event enter_;
  Event exit_;
  uint8_t values_[2 * kMaxParams][16];  // of parameters that are not taken over as they are
  uint32_t used_ = 0;
};

}  // namespace peregrine
