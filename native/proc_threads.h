// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "header.h"

namespace peregrine {

/**
 * Appends a process and its other threads. `process`: its folder in /proc. False where it has ended, or is of the kernel.
 */
bool read_process(const std::string& process, int64_t pid, uint64_t boot_time, Interner& interner, SectionHeader& header);

}  // namespace peregrine
