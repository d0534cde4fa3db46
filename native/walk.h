// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace peregrine {

/**
 * `walkBlocks(path)`: counts a capture's blocks and raw events without using them: { gzip, truncated, failure, blocks:
 * [type, count][], events, eventTypes: [type, count][], firstTime, lastTime, threads }. Times are ns since the epoch as
 * BigInt, the first one that is not 0; threads counts the distinct thread ids of events.
 */
Napi::Value walk_blocks(const Napi::CallbackInfo& info);

}  // namespace peregrine
