// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace peregrine::plugin {

inline uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/**
 * A word that one side rings and the other sleeps on. It may lie in memory that processes share. The sleeper reads count(),
 * looks for what it waits for, and sleeps only while the count is still the same: a ring between the look and the sleep is
 * not missed.
 */
class Bell {
 public:
  uint32_t count() const { return count_.load(std::memory_order_acquire); }

  void ring() {
    count_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) != 0) syscall(SYS_futex, &count_, FUTEX_WAKE, 1 << 30, nullptr, nullptr, 0);
  }

  /** Sleeps until the count is no longer `seen`, at most about `ns`; may return early. */
  void wait(uint32_t seen, uint64_t ns) {
    const timespec limit{static_cast<time_t>(ns / 1000000000u), static_cast<long>(ns % 1000000000u)};
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    syscall(SYS_futex, &count_, FUTEX_WAIT, seen, &limit, nullptr, 0);
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }

 private:
  std::atomic<uint32_t> count_{0};
  std::atomic<uint32_t> sleepers_{0};
};

}  // namespace peregrine::plugin
