// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <string>

#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** The result is the first parameter of all of these calls. */
constexpr uint16_t kRes = word_of(type::kSyscallEventfdX, 0);

/** Calls whose result is an fd of one kind without a name; `kFlags`: the parameter with its open flags, -1 for none. */
template <uint16_t kType, int32_t kKind, int kFlags>
void made(Tables& c) {
  if (!c.succeeded(kRes)) return;
  constexpr int32_t kPlace = place_of(kType, kFlags);
  const int32_t flags = kPlace < 0 ? 0 : c.word(kPlace);
  c.add_fd(c.fd_at(kRes), c.fd_pool.make(kKind, flags, 0), (flags & open_flag::kCloexec) != 0);
}

template <uint16_t kType, int32_t kKind, int kFlags>
constexpr Rule maker() {
  return {kType, made<kType, kKind, kFlags>, params({0, kFlags}), kSucceeds};
}

/** epoll_create1 has a flag table of its own: its only bit is close on exec. */
void epoll_created(Tables& c) {
  if (!c.succeeded(kRes)) return;
  const bool close_on_exec = (c.word(word_of(type::kSyscallEpollCreate1X, 1)) & 1) != 0;
  const int32_t row = c.fd_pool.make(fd_kind::kEventpoll, close_on_exec ? open_flag::kCloexec : 0, 0);
  c.add_fd(c.fd_at(kRes), row, close_on_exec);
}

/** Both ends of a pipe: fds p1 and p2, inode p3. */
void pipe(Tables& c, int32_t flags) {
  constexpr uint16_t kIno = word_of(type::kSyscallPipe2X, 3);
  if (!c.succeeded(kRes)) return;
  for (const uint16_t end : {word_of(type::kSyscallPipe2X, 1), word_of(type::kSyscallPipe2X, 2)}) {
    const int32_t row = c.fd_pool.make(fd_kind::kFifo, flags, 0);
    if (row != 0) {
      c.fd_pool.row(row)[fd_word::kIno] = c.word(kIno);
      c.fd_pool.row(row)[fd_word::kIno + 1] = c.word(kIno + 1);
    }
    c.add_fd(c.fd_at(end), row, (flags & open_flag::kCloexec) != 0);
  }
}

void piped(Tables& c) { pipe(c, 0); }

void piped2(Tables& c) { pipe(c, c.word(word_of(type::kSyscallPipe2X, 4))); }

void memfd_created(Tables& c) {
  constexpr uint16_t kType = type::kSyscallMemfdCreateX;
  if (!c.succeeded(kRes)) return;
  const int32_t flags = c.word(word_of(kType, 2));
  c.add_fd(c.fd_at(kRes), c.fd_pool.make(fd_kind::kMemfd, flags, c.word(word_of(kType, 1))), (flags & 1) != 0);
}

void pidfd_opened(Tables& c) {
  constexpr uint16_t kType = type::kSyscallPidfdOpenX;
  if (!c.succeeded(kRes)) return;
  char name[32] = "/proc/";
  const char* end = std::to_chars(name + 6, name + sizeof name, c.word(word_of(kType, 1))).ptr;
  const uint32_t id = c.strings.intern(Span{reinterpret_cast<const uint8_t*>(name), static_cast<size_t>(end - name)});
  const int32_t row = c.fd_pool.make(fd_kind::kPidfd, c.word(word_of(kType, 2)), id);
  if (row != 0) c.fd_pool.row(row)[fd_word::kPid] = c.slot_at(word_of(kType, 1));
  c.add_fd(c.fd_at(kRes), row, true);
}

constexpr Rule kRules[] = {
    maker<type::kSyscallEventfdX, fd_kind::kEvent, -1>(),
    maker<type::kSyscallEventfd2X, fd_kind::kEvent, 1>(),
    maker<type::kSyscallSignalfdX, fd_kind::kSignalfd, -1>(),
    maker<type::kSyscallSignalfd4X, fd_kind::kSignalfd, 1>(),
    maker<type::kSyscallTimerfdCreateX, fd_kind::kTimerfd, 2>(),
    maker<type::kSyscallInotifyInitX, fd_kind::kInotify, -1>(),
    maker<type::kSyscallInotifyInit1X, fd_kind::kInotify, 1>(),
    maker<type::kSyscallBpf_2X, fd_kind::kBpf, -1>(),
    maker<type::kSyscallUserfaultfdX, fd_kind::kUserfaultfd, 1>(),
    maker<type::kSyscallIoUringSetupX, fd_kind::kIoUring, -1>(),
    maker<type::kSyscallEpollCreateX, fd_kind::kEventpoll, -1>(),
    {type::kSyscallEpollCreate1X, epoll_created, params({0, 1}), kSucceeds},
    {type::kSyscallPipeX, piped, params({0, 1, 2, 3}), kSucceeds},
    {type::kSyscallPipe2X, piped2, params({0, 1, 2, 3, 4}), kSucceeds},
    {type::kSyscallMemfdCreateX, memfd_created, params({0, 1, 2}), kSucceeds},
    {type::kSyscallPidfdOpenX, pidfd_opened, params({0, 1, 2}), kSucceeds},
};

}  // namespace

Rules special_fd_rules() { return kRules; }

}  // namespace peregrine::state
