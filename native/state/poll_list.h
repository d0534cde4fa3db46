// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "fd_tables.h"

namespace peregrine::state {

/*
 * A poll list in an event: a u16 count, then entries of an i64 fd and i16 flags. Fd numbers fit into the lower half of
 * their eight bytes; the upper half, zero but in negative ones, takes the fd's row for whoever reads the list later.
 */

/** Puts the row of each fd of process `owner` into the list; negative numbers stay. */
void fill_poll_list(uint8_t* list, uint32_t size, const FdTables& fds, int32_t owner);

}  // namespace peregrine::state
