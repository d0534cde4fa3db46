// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "bytes.h"

namespace peregrine {

/**
 * Hash of a string: 64 by 64 bit multiplications of the input with secret words, their halves folded together. The seed
 * is random for each interner, so that nobody can prepare paths that meet in one place of its table.
 */
class Hasher {
 public:
  explicit Hasher(uint64_t seed) : seed_(seed ^ mix(seed ^ kA, kB)) {}

  /** The upper half of the hash. */
  uint32_t top(const uint8_t* p, size_t size) const { return static_cast<uint32_t>((*this)(p, size) >> 32); }

  uint64_t operator()(const uint8_t* p, size_t size) const {
    uint64_t a;
    uint64_t b;
    uint64_t state = seed_;
    if (size <= 16) {
      if (size >= 8) {
        a = load<uint64_t>(p);
        b = load<uint64_t>(p + size - 8);
      } else if (size >= 4) {
        a = load<uint32_t>(p);
        b = load<uint32_t>(p + size - 4);
      } else if (size > 0) {
        a = static_cast<uint64_t>(p[0]) << 16 | static_cast<uint64_t>(p[size >> 1]) << 8 | p[size - 1];
        b = 0;
      } else {
        a = b = 0;
      }
    } else {
      size_t left = size;
      if (left > 48) {
        uint64_t second = state;
        uint64_t third = state;
        do {
          state = mix(load<uint64_t>(p) ^ kA, load<uint64_t>(p + 8) ^ state);
          second = mix(load<uint64_t>(p + 16) ^ kB, load<uint64_t>(p + 24) ^ second);
          third = mix(load<uint64_t>(p + 32) ^ kC, load<uint64_t>(p + 40) ^ third);
          p += 48;
          left -= 48;
        } while (left > 48);
        state ^= second ^ third;
      }
      while (left > 16) {
        state = mix(load<uint64_t>(p) ^ kA, load<uint64_t>(p + 8) ^ state);
        p += 16;
        left -= 16;
      }
      // The last 16 bytes; they may overlap what was taken before.
      a = load<uint64_t>(p + left - 16);
      b = load<uint64_t>(p + left - 8);
    }
    return mix(kC ^ size, mix(a ^ kB, b ^ state) ^ seed_);
  }

 private:
  static constexpr uint64_t kA = 0x9e3779b97f4a7c15;
  static constexpr uint64_t kB = 0xd1342543de82ef95;
  static constexpr uint64_t kC = 0xaf251af3b0f025b5;

  static uint64_t mix(uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  uint64_t seed_;
};

}  // namespace peregrine
