// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace peregrine::state {

class Tables;

/**
 * Decides by the events' own time when threads are looked through for those that must have ended unseen, since an end that
 * was lost would keep a thread forever. Times are the upper words of ns since the epoch, 4.3 s each.
 */
class IdleThreads {
 public:
  /** Whether a scan is due at `time`; the first event only begins the count. */
  bool is_due(uint32_t time) const { return time >= next_; }
  /**
   * Removes threads of which only the number is known and that have had no event for half an hour. Of the others an event
   * may be long in coming: they are removed only while the table is nearly full.
   * @param reserve rows to be left
   */
  void scan(Tables& c, uint32_t time, int32_t reserve);
  void clear() { next_ = 0; }
  uint64_t removed() const { return removed_; }

 private:
  uint32_t next_ = 0;
  uint64_t removed_ = 0;
};

}  // namespace peregrine::state
