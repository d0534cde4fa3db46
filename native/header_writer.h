// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "block_writer.h"
#include "header.h"

namespace peregrine {

/**
 * Writes the blocks that a section begins with, in the newest version of each list: section header, machine, interfaces,
 * users and groups, processes, fds. Lists without entries are left out. `names` resolves the ids of the entries.
 */
bool write_header(Output& output, const SectionHeader& header, const Interner& names, CaptureSchema schema);

}  // namespace peregrine
