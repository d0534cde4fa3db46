// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "live_shared.h"

namespace peregrine {

/**
 * What leaves the kernel. Both lists empty: what the plan says. Else a byte for each system call by its number, and for
 * each event type; 0 = it stays.
 */
struct Interest {
  std::vector<uint8_t> calls;
  std::vector<uint8_t> events;

  /** Tells the programs in the kernel. */
  void apply(live_shared& shared, const int32_t* plan) const;
};

}  // namespace peregrine
