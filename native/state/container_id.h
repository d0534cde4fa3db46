// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace peregrine::state {

/**
 * The container's id for `container.id` from control groups given as `subsystem=path`, NUL separated: 64-digit ids cut to
 * their first 12 characters, "host" where no container engine knows the paths. A part of the text, or a constant.
 */
std::string_view container_id(std::string_view cgroups);

}  // namespace peregrine::state
