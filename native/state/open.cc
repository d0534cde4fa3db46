// SPDX-License-Identifier: Apache-2.0
#include "enter.h"
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** Which parameters one kind of open has, and the enter event that belongs to it; -1 where it has none. */
struct Shape {
  int enter = -1;
  int name;
  int dirfd = -1;
  int flags = -1;
  int creat_flags = -1;
  int dev;
  int ino;
};

template <uint16_t kType, Shape kShape>
void opened(Tables& c) {
  constexpr int32_t kFd = place_of(kType, 0);
  constexpr int32_t kDirfd = place_of(kType, kShape.dirfd);
  constexpr int32_t kFlags = place_of(kType, kShape.flags);
  constexpr int32_t kCreatFlags = place_of(kType, kShape.creat_flags);
  constexpr int32_t kIno = place_of(kType, kShape.ino);
  bool has_enter = false;
  if constexpr (kShape.enter >= 0) has_enter = take_enter(c, static_cast<uint16_t>(kShape.enter));
  if (!c.succeeded(kFd) || c.t == 0) return;
  Strings& strings = c.strings;
  uint32_t name = c.word(place_of(kType, kShape.name));
  if (name == kAbsent) name = strings.na();
  int32_t dirfd = kDirfd < 0 ? Tables::kAtFdcwd : c.fd_at(kDirfd);
  int32_t flags = kFlags < 0 ? 0 : c.word(kFlags);
  if (has_enter) {
    const Thread& thread = c.threads[c.t];
    const uint32_t before = thread.enter_name;
    // What the call was given counts, not what its memory held when it returned.
    if (before != kAbsent && before != strings.na()) {
      name = before;
      if (kDirfd >= 0) dirfd = thread.enter_fd;
      if (kFlags >= 0) flags = thread.enter_flags | (flags & ~(open_flag::kCreated - 1));
    }
  }
  const uint32_t path = strings.path(strings.is_absolute(name) ? 0 : c.directory(dirfd), name);
  const bool is_directory = (flags & open_flag::kDirectory) != 0;
  const int32_t row = c.fd_pool.make(is_directory ? fd_kind::kDirectory : fd_kind::kFileV2, flags, path);
  if (row != 0) {
    const int32_t layers = kCreatFlags < 0 ? flags : c.word(kCreatFlags) << 15;
    int32_t* words = c.fd_pool.row(row);
    words[fd_word::kNameRaw] = name;
    words[fd_word::kDev] = c.word(place_of(kType, kShape.dev));
    words[fd_word::kIno] = c.word(kIno);
    words[fd_word::kIno + 1] = c.word(kIno + 1);
    words[fd_word::kState] = ((layers & open_flag::kUpperLayer) != 0 ? fd_state::kUpperLayer : 0) |
                             ((layers & open_flag::kLowerLayer) != 0 ? fd_state::kLowerLayer : 0);
  }
  c.add_fd(c.fd_at(kFd), row, (flags & open_flag::kCloexec) != 0);
}

template <uint16_t kType, Shape kShape>
constexpr Rule opener() {
  // Where an enter event may be kept, a failed open must take it.
  return {kType, opened<kType, kShape>,
          params({0, kShape.name, kShape.dirfd, kShape.flags, kShape.creat_flags, kShape.dev, kShape.ino}),
          kShape.enter < 0 ? kSucceeds : Test{}};
}

constexpr Rule kRules[] = {
    opener<type::kSyscallOpenX, Shape{.enter = type::kSyscallOpenE, .name = 1, .flags = 2, .dev = 4, .ino = 5}>(),
    opener<type::kSyscallCreatX, Shape{.enter = type::kSyscallCreatE, .name = 1, .creat_flags = 5, .dev = 3, .ino = 4}>(),
    opener<type::kSyscallOpenat_2X,
           Shape{.enter = type::kSyscallOpenat_2E, .name = 2, .dirfd = 1, .flags = 3, .dev = 5, .ino = 6}>(),
    opener<type::kSyscallOpenat2X,
           Shape{.enter = type::kSyscallOpenat2E, .name = 2, .dirfd = 1, .flags = 3, .dev = 6, .ino = 7}>(),
    opener<type::kSyscallOpenByHandleAtX, Shape{.name = 3, .flags = 2, .dev = 4, .ino = 5}>(),
};

}  // namespace

Rules open_rules() { return kRules; }

}  // namespace peregrine::state
