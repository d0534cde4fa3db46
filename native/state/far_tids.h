// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "../layout.generated.h"

namespace peregrine::state {

/** Slots for tids that the kernel does not hand out but some captures have: those beyond kTidLimit. */
class FarTids {
 public:
  /** The slot of a tid, 0 where it has none. */
  int32_t find(uint64_t tid) const {
    const auto found = slots_.find(tid);
    return found == slots_.end() ? 0 : found->second;
  }

  /** A slot for a tid that has none; 0 where all are taken. */
  int32_t add(uint64_t tid) {
    int32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else if (next_ < kHeadSlots) {
      slot = next_++;
    } else {
      return 0;
    }
    slots_[tid] = slot;
    tids_[slot] = tid;
    return slot;
  }

  void release(int32_t slot) {
    const auto found = tids_.find(slot);
    if (found == tids_.end()) return;
    slots_.erase(found->second);
    tids_.erase(found);
    free_.push_back(slot);
  }

 private:
  std::unordered_map<uint64_t, int32_t> slots_;
  std::unordered_map<int32_t, uint64_t> tids_;
  std::vector<int32_t> free_;
  int32_t next_ = kTidLimit;
};

}  // namespace peregrine::state
