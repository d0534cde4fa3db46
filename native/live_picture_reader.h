// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "header.h"
#include "live_iterators.h"

namespace peregrine {

/**
 * Appends the threads and open files that the kernel's iterators tell of. `boot_time`: ns since the epoch. False where they
 * cannot be read; then nothing was appended.
 */
bool read_picture(live_iterators* iterators, uint64_t boot_time, Interner& interner, SectionHeader& header);

}  // namespace peregrine
