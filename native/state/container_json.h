// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peregrine::state {

/**
 * The container's id in its metadata: the text at `id`, or at `container` and `id` where there is an object below that
 * key. Nothing where the text is no JSON or has no such text. Escapes in it become UTF-8.
 */
std::optional<std::string> id_in_container_json(std::string_view json);

}  // namespace peregrine::state
