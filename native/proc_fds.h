// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proc_sockets.h"

namespace peregrine {

/** The kind of what is no file, by the text of its link in /proc/PID/fd. */
uint8_t kind_of_link(std::string_view link);

/** Appends what a process has open. `process`: its folder in /proc. */
void read_open_files(const std::string& process, int64_t tid, Sockets& sockets, Interner& interner, SectionHeader& header);

}  // namespace peregrine
