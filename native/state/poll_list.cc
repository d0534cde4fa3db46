// SPDX-License-Identifier: Apache-2.0
#include "poll_list.h"

#include <cstring>

#include "../bytes.h"

namespace peregrine::state {

namespace {

constexpr uint32_t kHead = 2;
constexpr uint32_t kEntry = 10;

}  // namespace

void fill_poll_list(uint8_t* list, uint32_t size, const FdTables& fds, int32_t owner) {
  if (size < kHead) return;
  uint32_t left = load<uint16_t>(list);
  for (uint32_t at = kHead; left > 0 && at + kEntry <= size; left--, at += kEntry) {
    const int32_t fd = load<int32_t>(list + at);
    if (fd < 0) continue;
    const bool is_small = load<int32_t>(list + at + 4) == 0;
    const int32_t row = is_small ? fds.get(owner, fd) : 0;
    std::memcpy(list + at + 4, &row, sizeof row);
  }
}

}  // namespace peregrine::state
