// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "../layout.generated.h"
#include "row_pool.h"

namespace peregrine::state {

/** The writing side of extra rows: one holder each (the thread), copied when changed, freed by the horizon like all rows. */
class Extras {
 public:
  Extras(int32_t* rows, int32_t count)
      : rows_(rows), births_(static_cast<size_t>(count)), links_(static_cast<size_t>(count)), pool_(count) {}

  /** Tests: freed rows are overwritten. */
  bool poison = false;

  int32_t* row(int32_t row) { return rows_ + static_cast<size_t>(row) * kExtraWords; }

  /** A row for one thread, a copy of `of` (0: zeros), made at event `now`; 0 where none is left. */
  int32_t make(int32_t of, double now) {
    const int32_t fresh = pool_.take();
    if (fresh == 0) {
      exhausted_++;
      return 0;
    }
    std::memcpy(row(fresh), row(of), kExtraWords * sizeof(int32_t));
    births_[static_cast<size_t>(fresh)] = now;
    return fresh;
  }

  /** The row to write for a change of `row` at event `now`: itself where this event made it, else a copy; `row` is then retired. */
  int32_t change(int32_t row, double now) {
    if (row != 0 && births_[static_cast<size_t>(row)] == now) return row;
    const int32_t fresh = make(row, now);
    if (fresh == 0) return row;
    release(row, now);
    return fresh;
  }

  /** The thread lets go of its row at event `now`. */
  void release(int32_t row, double now) {
    if (row != 0) retired_.push(row, now);
  }

  void settle(double horizon) {
    for (int32_t row = retired_.shift(horizon); row != 0; row = retired_.shift(horizon)) {
      if (poison) std::fill_n(this->row(row), kExtraWords, 0x5a5a5a5a);
      pool_.give(row);
    }
  }

  int32_t available() const { return pool_.available(); }
  /** Changes that found no free row. */
  uint64_t exhausted() const { return exhausted_; }

 private:
  int32_t* rows_;
  ZeroArray<double> births_;
  ZeroArray<RowLink> links_;
  RowPool pool_;
  RowQueue retired_{links_};
  uint64_t exhausted_ = 0;
};

}  // namespace peregrine::state
