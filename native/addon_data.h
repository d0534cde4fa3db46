// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace peregrine {

/** What one environment (the main thread or a worker) holds of the addon; there is nothing global. */
struct AddonData {
  Napi::FunctionReference interner;
  Napi::FunctionReference reader;
  Napi::FunctionReference stage;
  Napi::FunctionReference recent;
};

}  // namespace peregrine
