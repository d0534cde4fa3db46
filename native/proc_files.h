// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace peregrine {

/** Reading of /proc. What is not there, or no longer, gives empty texts. */

/** At most `most` bytes of a file. */
std::string read_text(const std::string& path, size_t most = 65536);

/** Where a link of /proc points. */
std::string read_link(const std::string& path);

/** The names in a folder that are numbers. */
std::vector<int64_t> numbers_in(const std::string& folder);

/** The number that begins at `text`, after blanks; 0 where there is none. */
uint64_t number_at(std::string_view text, int base = 10);

/** What stands behind "NAME:" at the beginning of a line. */
std::string_view value_of(std::string_view text, std::string_view name);

/** Calls `use` with each line, without its end. */
void for_each_line(std::string_view text, const std::function<void(std::string_view)>& use);

/** The words of a line. */
std::vector<std::string_view> words_of(std::string_view line);

/** A device's number as events have it. */
uint32_t device_number(dev_t device);

}  // namespace peregrine
