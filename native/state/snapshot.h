// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../header.h"
#include "tables.h"

namespace peregrine::state {

/**
 * Fills the tables with what was there when a section began. Rows are valid from the event in hand (c.now). Threads of an
 * earlier section are gone from that event on.
 */
void load_section(Tables& c, const SectionHeader& header);

}  // namespace peregrine::state
