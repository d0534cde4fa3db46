// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "../bytes.h"
#include "../layout.generated.h"
#include "row_pool.h"

namespace peregrine::state {

/** Stores what readers in other threads find a row or an entry by: all that was stored before is seen by who loads it. */
inline void publish(int32_t& head, int32_t value) {
  std::atomic_ref<int32_t>(head).store(value, std::memory_order_release);
}

/*
 * The writing side of process rows (src/batch/process-rows.ts has their picture). A thread's newest row is heads[slot]; a
 * change appends a row in front of it.
 *
 *   heads[slot] ──> row from=90 ──prev──> row from=40 ──prev──> row from=7 ──> 0
 *
 * A row that replaced another is queued once, in order of `from`. When all events before `from` are done, nobody can reach
 * its predecessor any more: that one is freed and prev set to 0. A tombstone that is still the head has no successor to
 * free it: its head is zeroed first, and it is freed when all events up to that moment are done, because a reader may
 * have loaded the head just before.
 *
 * Ordering. A row is filled with plain stores, then its number is stored in `heads` with a release; readers load heads with
 * Atomics.load, which is at least an acquire, and only then the row. A row is used again only after `settle` was told a
 * horizon that ingest has read with Atomics.load from the control block, behind the last loads of its readers.
 */
class ProcessVersions {
 public:
  /** @param count rows, row 0 included, which is all zeros and never written */
  ProcessVersions(int32_t* heads, int32_t* rows, int32_t count)
      : heads_(heads), rows_(rows), links_(static_cast<size_t>(count)), pool_(count) {}

  /** Number of the event that is being applied: `from` of every row that it makes. */
  double now = 0;
  /** Tests: freed rows are overwritten, so that a read of one shows. */
  bool poison = false;

  int32_t* row(int32_t row) { return rows_ + static_cast<size_t>(row) * kRowWords; }

  /**
   * Begins the life of a thread at the current event: a row of zeros but for its tid, in front of what the slot had. 0
   * where the pool is empty.
   */
  int32_t create(int32_t slot);

  /**
   * The row to write for a change at the current event: `row` itself where this event made it, else a copy in front of it.
   * Readers of earlier events look at the first six words of such a row only, those of later ones are told of it later.
   */
  int32_t change(int32_t row);

  /** Ends the life of a thread at the current event: from here on its slot reads as absent. */
  void end(int32_t row);

  /** Frees what only events up to `horizon` could read; `released(slot)` for each slot that nobody can ask for any more. */
  template <typename Released>
  void settle(double horizon, Released released) {
    settled_ = horizon + 1;
    for (int32_t row = queue_.shift(horizon + 1); row != 0; row = queue_.shift(horizon + 1)) {
      int32_t* words = this->row(row);
      const int32_t prev = words[row_word::kPrev];
      if (prev != 0) {
        words[row_word::kPrev] = 0;
        free(prev);
      }
      const int32_t slot = slot_of(row);
      if (words[row_word::kTid] == 0 && heads_[slot] == row) {
        publish(heads_[slot], 0);
        graves_.push(row, now);
        released(slot);
      }
    }
    for (int32_t row = graves_.shift(horizon); row != 0; row = graves_.shift(horizon)) free(row);
  }

  int32_t available() const { return pool_.available(); }
  int32_t used() const { return pool_.used(); }
  /** Rows that were changed in place for want of a free one: what events in flight read of them may be too new. */
  uint64_t exhausted() const { return exhausted_; }

 private:
  double from(int32_t row) { return load<double>(reinterpret_cast<const uint8_t*>(this->row(row))); }
  double jump_from(int32_t row) {
    return load<double>(reinterpret_cast<const uint8_t*>(this->row(row) + row_word::kJumpFrom));
  }
  int32_t slot_of(int32_t row) const { return links_[static_cast<size_t>(row)].own; }
  int32_t append(int32_t slot, int32_t prev);
  void blank(int32_t row);
  void free(int32_t row);

  int32_t* heads_;
  int32_t* rows_;
  ZeroArray<RowLink> links_;  // own: the slot that the row hangs at
  RowPool pool_;
  RowQueue queue_{links_};
  RowQueue graves_{links_};
  double settled_ = 0;  // events before this number are done
  uint64_t exhausted_ = 0;
};

}  // namespace peregrine::state
