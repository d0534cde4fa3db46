// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <initializer_list>

#include "../bytes.h"
#include "channel.h"

namespace peregrine::plugin {

/**
 * Entries of any length in a ring of bytes, from one writer to one reader:
 *
 *   0      4       8     16
 *   | size | kind  | tag | size bytes, padded to 8 |
 *
 * An entry never wraps: where it would, one with size 0xffffffff fills the end. Positions count bytes and do not wrap. The
 * writer fills an entry, then stores `head` with release order; the reader loads it with acquire order.
 */
struct Entry {
  uint32_t size;
  uint32_t kind;
  uint64_t tag;
};
static_assert(sizeof(Entry) == 16);

constexpr uint32_t kFiller = UINT32_MAX;

constexpr size_t padded(size_t size) { return (size + 7) & ~size_t{7}; }

class RingWriter {
 public:
  RingWriter(RingState& state, uint8_t* bytes, size_t capacity) : state_(state), bytes_(bytes), capacity_(capacity) {}

  /** The most that an entry can hold. */
  size_t most() const { return capacity_ / 2 - sizeof(Entry); }

  /** Appends an entry made of `parts`; false where there is no room now. */
  bool push(uint32_t kind, uint64_t tag, std::initializer_list<Span> parts) {
    size_t size = 0;
    for (const Span& part : parts) size += part.size;
    if (size > most()) return false;
    const size_t need = sizeof(Entry) + padded(size);
    uint64_t head = state_.head.load(std::memory_order_relaxed);
    const uint64_t tail = state_.tail.load(std::memory_order_acquire);
    const size_t to_end = capacity_ - static_cast<size_t>(head % capacity_);
    const size_t skip = to_end < need ? to_end : 0;
    if (head - tail + skip + need > capacity_) return false;
    if (skip > 0) {
      const uint32_t filler = kFiller;
      std::memcpy(at(head), &filler, sizeof filler);
      head += skip;
    }
    const Entry entry{static_cast<uint32_t>(size), kind, tag};
    std::memcpy(at(head), &entry, sizeof entry);
    uint8_t* to = at(head) + sizeof entry;
    for (const Span& part : parts) {
      if (part.size > 0) std::memcpy(to, part.data, part.size);
      to += part.size;
    }
    state_.head.store(head + need, std::memory_order_release);
    return true;
  }

 private:
  uint8_t* at(uint64_t position) { return bytes_ + position % capacity_; }

  RingState& state_;
  uint8_t* bytes_;
  size_t capacity_;
};

class RingReader {
 public:
  RingReader(RingState& state, const uint8_t* bytes, size_t capacity)
      : state_(state), bytes_(bytes), capacity_(capacity) {}

  bool empty() const {
    return state_.head.load(std::memory_order_acquire) == state_.tail.load(std::memory_order_relaxed);
  }

  /**
   * Calls `visit(entry, data)` for entries in order until it returns false, which leaves that entry, or none is left. Frees
   * what was visited only afterwards. False: the ring holds what cannot be, and nothing more is read.
   */
  template <typename Visit>
  bool read(Visit visit) {
    const uint64_t head = state_.head.load(std::memory_order_acquire);
    // The reader's own position is kept here: the other side could have overwritten the shared one.
    uint64_t tail = tail_;
    if (head < tail || head - tail > capacity_ || head % 8 != 0) return false;
    bool good = true;
    while (tail != head) {
      const size_t offset = static_cast<size_t>(tail % capacity_);
      const size_t to_end = capacity_ - offset;
      const size_t left = static_cast<size_t>(head - tail);
      uint32_t size = 0;
      std::memcpy(&size, bytes_ + offset, sizeof size);
      if (size == kFiller) {
        if (to_end > left) {
          good = false;
          break;
        }
        tail += to_end;
        continue;
      }
      const size_t whole = sizeof(Entry) + padded(size);
      if (whole > to_end || whole > left) {
        good = false;
        break;
      }
      Entry entry{};
      std::memcpy(&entry, bytes_ + offset, sizeof entry);
      entry.size = size;
      if (!visit(entry, bytes_ + offset + sizeof entry)) break;
      tail += whole;
    }
    pending_ = tail;
    return good;
  }

  /** Gives the room of what was visited back to the writer. */
  void free() {
    tail_ = pending_;
    state_.tail.store(tail_, std::memory_order_release);
  }

 private:
  RingState& state_;
  const uint8_t* bytes_;
  size_t capacity_;
  uint64_t tail_ = 0;
  uint64_t pending_ = 0;
};

}  // namespace peregrine::plugin
