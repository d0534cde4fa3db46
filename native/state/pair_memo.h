// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#include "zero_array.h"

namespace peregrine::state {

/** Remembers one id for a pair of ids: direct-mapped, so its size is fixed and a forgotten pair is just worked out again. */
class PairMemo {
 public:
  /** @param size entries, a power of two */
  explicit PairMemo(uint32_t size) : entries_(size), mask_(size - 1) {}

  /** The id for (a, b), 0 where it is not remembered. `a` is not 0. */
  uint32_t get(uint32_t a, uint32_t b) const {
    const Entry& entry = entries_[place(a, b)];
    return entry.a == a && entry.b == b ? entry.value : 0;
  }

  /** Remembers `value` unless it is 0, which stands for a string that found no place. @returns it */
  uint32_t keep(uint32_t a, uint32_t b, uint32_t value) {
    if (value != 0) entries_[place(a, b)] = {a, b, value, 0};
    return value;
  }

  void clear() { std::memset(entries_.data(), 0, entries_.size() * sizeof(Entry)); }

 private:
  struct Entry {
    uint32_t a;
    uint32_t b;
    uint32_t value;
    uint32_t spare;  // so that no entry lies in two cache lines
  };

  uint32_t place(uint32_t a, uint32_t b) const {
    const uint32_t h = a * 0x9e3779b1u ^ b * 0x85ebca6bu;
    return (h ^ h >> 15) & mask_;
  }

  ZeroArray<Entry> entries_;
  uint32_t mask_;
};

}  // namespace peregrine::state
