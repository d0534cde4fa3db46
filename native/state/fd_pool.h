// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "../layout.generated.h"
#include "row_pool.h"

namespace peregrine::state {

/**
 * The writing side of fd rows (src/batch/fd-rows.ts has their picture). A row is shared by every fd number that stands for
 * the same unchanged file (dup, fork), and counted; when the last one lets go, the row is freed once no event that was there
 * at that moment is in flight.
 */
class FdPool {
 public:
  FdPool(int32_t* rows, int32_t count) : rows_(rows), links_(static_cast<size_t>(count)), pool_(count) {}

  /** Tests: freed rows are overwritten. */
  bool poison = false;

  int32_t* row(int32_t row) { return rows_ + static_cast<size_t>(row) * kFdRowWords; }
  const int32_t* row(int32_t row) const { return rows_ + static_cast<size_t>(row) * kFdRowWords; }

  /** A row of zeros of the given kind, not yet held by anyone; 0 where the pool is empty. */
  int32_t make(int32_t kind, int32_t open_flags, int32_t name) {
    const int32_t fresh = take();
    if (fresh == 0) return 0;
    int32_t* words = row(fresh);
    std::memset(words, 0, kFdRowWords * sizeof(int32_t));
    words[fd_word::kKind] = kind;
    words[fd_word::kOpenFlags] = open_flags;
    words[fd_word::kName] = name;
    return fresh;
  }

  /** A copy of a row, to be changed before it is shown to anyone; 0 where the pool is empty. */
  int32_t copy(int32_t of) {
    const int32_t fresh = take();
    if (fresh != 0) std::memcpy(row(fresh), row(of), kFdRowWords * sizeof(int32_t));
    return fresh;
  }

  void hold(int32_t row) { holders(row)++; }

  /** One holder less, at event `now`. */
  void release(int32_t row, double now) {
    if (--holders(row) == 0) retired_.push(row, now);
  }

  /** Gives back a row that found no holder. */
  void discard(int32_t row) {
    if (row != 0 && holders(row) == 0) pool_.give(row);
  }

  /** Frees the rows that only events up to `horizon` could name. */
  void settle(double horizon) {
    for (int32_t row = retired_.shift(horizon); row != 0; row = retired_.shift(horizon)) {
      if (poison) std::fill_n(this->row(row), kFdRowWords, 0x5a5a5a5a);
      pool_.give(row);
    }
  }

  int32_t available() const { return pool_.available(); }
  int32_t used() const { return pool_.used(); }

 private:
  int32_t take() {
    const int32_t fresh = pool_.take();
    if (fresh != 0) holders(fresh) = 0;
    return fresh;
  }
  int32_t& holders(int32_t row) { return links_[static_cast<size_t>(row)].own; }

  int32_t* rows_;
  ZeroArray<RowLink> links_;  // own: how many hold the row
  RowPool pool_;
  RowQueue retired_{links_};
};

}  // namespace peregrine::state
