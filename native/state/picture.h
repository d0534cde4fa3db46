// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../header.h"
#include "tables.h"

namespace peregrine::state {

/**
 * What the tables hold, as the lists that a section of a capture begins with: load_section makes the same tables of it.
 * Behind the last event that was applied. `base` has what the tables do not: machine, interfaces. Threads whose ids are not
 * all known are left out, as is what the last event ended.
 */
SectionHeader picture(Tables& c, const SectionHeader& base);

}  // namespace peregrine::state
