// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>

namespace peregrine::state {

/**
 * The fds of a process, in one piece of memory: a head of 24 bytes, then an entry for each number below `size`, so that
 * the lowest ten numbers are in the head's cache line. An entry is row * 2 + (close on exec), 0 = not open.
 */
class FdVector {
 public:
  static constexpr int32_t kSmallest = 64;

  /** A vector of zeros for `size` numbers, with one sharer. */
  static FdVector* make(int32_t size);
  static void destroy(FdVector* vector);
  /** A vector of the wanted size with the same entries; the old one is gone. Not for one that is shared. */
  static FdVector* grown(FdVector* vector, int32_t size);

  int32_t* entries() { return reinterpret_cast<int32_t*>(this + 1); }

  int32_t get(int32_t fd) {
    if (fd < 0) return 0;
    if (fd < size) return entries()[fd];
    if (beyond == nullptr) return 0;
    const auto found = beyond->find(fd);
    return found == beyond->end() ? 0 : found->second;
  }

  int32_t size = 0;
  int32_t count = 0;    // open fds
  int32_t sharers = 1;  // processes that have this vector
  /** Numbers beyond the vector's reach: they are rare, and must not cost memory. */
  std::unique_ptr<std::map<int32_t, int32_t>> beyond;

 private:
  FdVector() = default;
};

}  // namespace peregrine::state
