// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "live_shared.h"

namespace peregrine {

/** Tells the programs in the kernel which system calls and other events the plan wants; it may be called at any time. */
void set_interest(live_shared& shared, const int32_t* plan);

}  // namespace peregrine
