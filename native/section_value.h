// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "header.h"

namespace peregrine {

/**
 * A section's header from JavaScript (SectionHeader of src/capture/source.ts). False, with a pending TypeError, where it
 * is not one.
 */
bool read_section_value(Napi::Value value, SectionHeader& header);

}  // namespace peregrine
