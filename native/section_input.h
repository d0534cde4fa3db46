// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "header.h"

namespace peregrine {

/**
 * A SectionHeader of src/capture/source.ts as the writer takes it; null: one of an unknown machine, without any entry.
 * A value of another type leaves a pending TypeError.
 */
SectionHeader section_input(Napi::Value value);

}  // namespace peregrine
