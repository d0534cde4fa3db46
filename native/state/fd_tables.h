// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "fd_pool.h"
#include "fd_vector.h"
#include "threads.h"

namespace peregrine::state {

/**
 * Which fd number of which process has which row. Fork shares a process's vector and the first one to change it makes a
 * copy, so fork and exec rarely copy.
 */
class FdTables {
 public:
  FdTables(FdPool& pool, Threads& threads) : pool_(pool), threads_(threads) {}
  FdTables(const FdTables&) = delete;
  FdTables& operator=(const FdTables&) = delete;
  ~FdTables();

  /** Number of the event that is being applied. */
  double now = 0;

  /** The row of an fd of process `t`; 0 where there is none. */
  int32_t get(int32_t t, int32_t fd) const { return entry(t, fd) >> 1; }
  bool closes_on_exec(int32_t t, int32_t fd) const { return (entry(t, fd) & 1) != 0; }

  /** How many fds `t` has open. */
  int32_t open(int32_t t) const {
    const FdVector* vector = threads_[t].fds;
    return vector == nullptr ? 0 : vector->count;
  }

  /** Sets an fd, letting go of what it was. False where there is no room; the row is then given back if nobody holds it. */
  bool set(int32_t t, int32_t fd, int32_t row, bool close_on_exec);
  void set_close_on_exec(int32_t t, int32_t fd, bool on);
  void remove(int32_t t, int32_t fd);
  /** Removes the fds from `first` to `last`. */
  void remove_range(int32_t t, uint32_t first, uint32_t last);
  /** What exec does to the table. */
  void remove_close_on_exec(int32_t t);
  /** Gives `child` the table that `parent` has at this moment. */
  void share(int32_t parent, int32_t child);
  /** The process is gone, or its table is begun afresh. */
  void clear(int32_t t);

  /** Calls visit(fd, row) for each fd of `t`; it may remove or change the fd that it was called with. */
  template <typename Visit>
  void each(int32_t t, Visit visit) {
    FdVector* vector = threads_[t].fds;
    if (vector == nullptr) return;
    for (int32_t fd = 0; fd < vector->size; fd++) {
      const int32_t entry = vector->entries()[fd];
      if (entry != 0) visit(fd, entry >> 1);
    }
    if (vector->beyond == nullptr) return;
    const auto beyond = *vector->beyond;
    for (const auto& [fd, entry] : beyond) visit(fd, entry >> 1);
  }

  /** An fd that found no row. */
  void refuse() { refused_++; }
  /** fds that found no place: too many in one process, or no free row. */
  uint64_t refused() const { return refused_; }
  /** Open fds in all tables, shared ones once. */
  int64_t count() const { return count_; }

 private:
  int32_t entry(int32_t t, int32_t fd) const {
    FdVector* vector = threads_[t].fds;
    return vector == nullptr ? 0 : vector->get(fd);
  }
  FdVector& own(int32_t t);
  FdVector* take(int32_t size);
  void put(FdVector& vector, int32_t fd, int32_t entry);
  void drop(FdVector& vector, int32_t fd);

  FdPool& pool_;
  Threads& threads_;
  std::vector<FdVector*> spare_;
  uint64_t refused_ = 0;
  int64_t count_ = 0;
};

}  // namespace peregrine::state
