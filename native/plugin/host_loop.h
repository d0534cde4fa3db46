// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session.h"

namespace peregrine::plugin {

/** The answer to every request where the library could not be loaded. */
constexpr int32_t kNotLoaded = 102;

/**
 * Serves one channel until the engine closes it: requests as they come, and between them the steps of an open source. Then
 * the plugin's state is destroyed.
 */
void serve_channel(const Library& library, bool loaded, Channel& channel);

/** Answers the request that waits with why the library was not loaded. */
void answer_not_loaded(const Library& library, Channel& channel);

}  // namespace peregrine::plugin
