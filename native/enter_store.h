// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "event.h"

namespace peregrine {

/** A stored enter event: its type and a copy of its parameters. */
struct StoredEnter {
  static constexpr uint16_t kNone = UINT16_MAX;

  uint64_t tid = 0;
  uint16_t type = kNone;
  uint8_t count = 0;
  uint32_t length[kMaxParams];
  std::vector<uint8_t> bytes;  // keeps its room from one event of the thread to the next

  Span param(uint32_t index) const {
    size_t at = 0;
    for (uint32_t i = 0; i < index; i++) at += length[i];
    return {bytes.data() + at, length[index]};
  }
};

/**
 * The last enter event of each thread, kept until the exit that belongs to it takes its parameters. Bounded: when there
 * are too many threads or bytes, everything is forgotten, and the exits then find nothing, as after a lost enter event.
 */
class EnterStore {
 public:
  void put(uint64_t tid, uint16_t type, const EventParams& params);
  /** The stored event of a thread, or null. Valid until the next put(). */
  StoredEnter* find(uint64_t tid);
  void clear();

 private:
  static constexpr size_t kMaxThreads = 65536;
  static constexpr size_t kMaxBytes = 32 * 1024 * 1024;

  size_t place(uint64_t tid) const;
  void grow();

  std::vector<uint32_t> table_;  // open addressing; index into events_ plus one, 0: free
  std::vector<StoredEnter> events_;
  size_t bytes_ = 0;  // room that the copies take
};

}  // namespace peregrine
