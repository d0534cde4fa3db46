// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

constexpr int32_t kDupfd = 1;
constexpr int32_t kSetfd = 3;
constexpr int32_t kDupfdCloexec = 26;
constexpr int32_t kFdCloexec = 1;
/** The result is the first parameter of all of these calls. */
constexpr uint16_t kRes = word_of(type::kSyscallDup_1X, 0);

/** The event's fd stands under the number in the result as well. A row is shared until one of the two changes. */
void duplicate(Tables& c, bool close_on_exec) {
  if (c.fd_row == 0 || !c.succeeded(kRes)) return;
  const int32_t fd = c.fd_at(kRes);
  if (c.t != 0 && fd <= 1) {
    const int32_t flag = fd == 0 ? thread_flag::kPipeDst : thread_flag::kPipeSrc;
    c.threads.set_flags(c.t, c.threads[c.t].flags | flag);
  }
  c.add_fd(fd, c.fd_row, close_on_exec);
}

void dup(Tables& c) { duplicate(c, false); }

void dup3(Tables& c) { duplicate(c, (c.word(word_of(type::kSyscallDup3X, 3)) & open_flag::kCloexec) != 0); }

void fcntl(Tables& c) {
  if (c.fd_row == 0 || !c.succeeded(kRes)) return;
  switch (c.word(word_of(type::kSyscallFcntlX, 2))) {
    case kDupfd:
      c.add_fd(c.fd_at(kRes), c.fd_row, false);
      break;
    case kDupfdCloexec:
      c.add_fd(c.fd_at(kRes), c.fd_row, true);
      break;
    case kSetfd:
      c.fds.set_close_on_exec(c.owner(), c.fd, (c.word(word_of(type::kSyscallFcntlX, 3)) & kFdCloexec) != 0);
      break;
    default:
      break;
  }
}

/** An fd of another process, by a pidfd. */
void pidfd_getfd(Tables& c) {
  if (!c.succeeded(kRes)) return;
  const int32_t pidfd = c.fds.get(c.owner(), c.fd_at(word_of(type::kSyscallPidfdGetfdX, 1)));
  if (pidfd == 0) return;
  const int32_t target = c.threads.find(c.fd_pool.row(pidfd)[fd_word::kPid]);
  if (target == 0) return;
  const int32_t owner = c.owner_of(target, c.threads.leader(target));
  const int32_t row = c.fds.get(owner, c.fd_at(word_of(type::kSyscallPidfdGetfdX, 2)));
  if (row != 0) c.add_fd(c.fd_at(kRes), row, true);
}

constexpr Rule kRules[] = {
    {type::kSyscallDup_1X, dup, params({0, 1}), kSucceeds},
    {type::kSyscallDup2X, dup, params({0, 1}), kSucceeds},
    {type::kSyscallDup3X, dup3, params({0, 1, 3}), kSucceeds},
    {type::kSyscallFcntlX, fcntl, params({0, 1, 2, 3}), {plan_test::kOneOf, {2, kDupfd, kSetfd, kDupfdCloexec}}},
    {type::kSyscallPidfdGetfdX, pidfd_getfd, params({0, 1, 2}), kSucceeds},
};

}  // namespace

Rules dup_rules() { return kRules; }

}  // namespace peregrine::state
