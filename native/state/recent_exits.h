// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace peregrine::state {

/** How long after the end of a thread its parent's half of the clone can still arrive, ns. */
inline constexpr int64_t kRecently = 2'000'000'000;

/** The threads that ended last, with their parents: an event of the parent's clone may still be on its way. */
class RecentExits {
 public:
  /** @param time ns since the epoch, as are all times here */
  void add(int32_t parent, int32_t thread, int64_t time) {
    Exit& exit = exits_[next_];
    if (exit.thread != 0) mark(exit.thread)--;
    mark(thread)++;
    exit = {parent, thread, time};
    next_ = (next_ + 1) % kSize;
  }

  /** Whether child `thread` of `parent` ended less than two seconds before `time`. */
  bool has(int32_t parent, int32_t thread, int64_t time) {
    if (thread == 0 || mark(thread) == 0) return false;
    for (const Exit& exit : exits_) {
      if (exit.thread == thread && exit.parent == parent && time - exit.time < kRecently) return true;
    }
    return false;
  }

  void clear() {
    for (Exit& exit : exits_) exit.thread = 0;
    std::memset(marks_, 0, sizeof marks_);
  }

 private:
  struct Exit {
    int32_t parent;
    int32_t thread;
    int64_t time;
  };
  static constexpr size_t kSize = 64;
  static constexpr size_t kMarks = 1024;

  uint8_t& mark(int32_t thread) { return marks_[static_cast<uint32_t>(thread) % kMarks]; }

  Exit exits_[kSize] = {};
  // How many of them have a tid with these low bits: mostly none, and then there is nothing to look for.
  uint8_t marks_[kMarks] = {};
  size_t next_ = 0;
};

}  // namespace peregrine::state
