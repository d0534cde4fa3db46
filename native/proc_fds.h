// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "proc_sockets.h"

namespace peregrine {

/** Appends what a process has open. `process`: its folder in /proc. */
void read_open_files(const std::string& process, int64_t tid, Sockets& sockets, Interner& interner, SectionHeader& header);

}  // namespace peregrine
