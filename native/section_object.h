// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "header.h"

namespace peregrine {

/** A section's header as JavaScript sees it: SectionHeader of src/capture/source.ts. */
Napi::Object section_object(Napi::Env env, const SectionHeader& header);

}  // namespace peregrine
