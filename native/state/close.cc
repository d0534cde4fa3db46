// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** close_range marks the fds in place of closing them. */
constexpr int32_t kCloexecOnly = 4;

/** The fd is there for this event still, and gone for the next. */
void closed(Tables& c) {
  if (c.fd_row != 0 && c.succeeded(word_of(type::kSyscallCloseX, 0))) c.close_later(c.owner(), c.fd);
}

void closed_range(Tables& c) {
  constexpr uint16_t kType = type::kSyscallCloseRangeX;
  if (!c.succeeded(word_of(kType, 0))) return;
  const int32_t owner = c.owner();
  const uint32_t first = c.word(word_of(kType, 1));
  const uint32_t last = c.word(word_of(kType, 2));
  if ((c.word(word_of(kType, 3)) & kCloexecOnly) == 0) {
    c.fds.remove_range(owner, first, last);
    return;
  }
  c.fds.each(owner, [&](int32_t fd, int32_t) {
    const uint32_t number = fd;
    if (number >= first && number <= last) c.fds.set_close_on_exec(owner, fd, true);
  });
}

constexpr Rule kRules[] = {
    {type::kSyscallCloseX, closed, params({0, 1}), kSucceeds},
    {type::kSyscallCloseRangeX, closed_range, params({0, 1, 2, 3}), kSucceeds},
};

}  // namespace

Rules close_rules() { return kRules; }

}  // namespace peregrine::state
