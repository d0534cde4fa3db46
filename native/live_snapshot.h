// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "failure.h"
#include "header.h"
#include "live_iterators.h"

namespace peregrine {

/**
 * Reads the state of the machine as the header blocks of a capture would tell it: machine, addresses, users, threads, open
 * files; the last two by the kernel's iterators, or from /proc where those are null or fail. Processes that end meanwhile
 * are left out. `boot_time`: ns since the epoch. False: see `failure`.
 */
bool read_machine(live_iterators* iterators, Interner& interner, uint64_t boot_time, SectionHeader& header,
                  Failure& failure);

}  // namespace peregrine
