// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "zero_array.h"

namespace peregrine::state {

/**
 * Ids 1..capacity-1 of rows in a fixed pool. New ids come from the end only when no freed one is left, and the one freed
 * last goes out first, so that as few pages as possible are ever touched.
 */
class RowPool {
 public:
  /** @param capacity rows in the pool, row 0 (never handed out) included */
  explicit RowPool(int32_t capacity) : freed_(static_cast<size_t>(capacity)), capacity_(capacity) {}

  /** An id, or 0 when none is left. */
  int32_t take() {
    if (top_ > 0) return freed_[static_cast<size_t>(--top_)];
    return next_ < capacity_ ? next_++ : 0;
  }
  void give(int32_t id) { freed_[static_cast<size_t>(top_++)] = id; }

  int32_t available() const { return top_ + capacity_ - next_; }
  /** One more than the highest id that was ever handed out. */
  int32_t end() const { return next_; }
  int32_t used() const { return next_ - 1 - top_; }

 private:
  ZeroArray<int32_t> freed_;
  int32_t capacity_;
  int32_t top_ = 0;
  int32_t next_ = 1;
};

/** What the writing side keeps of a row beside the row itself: its place in a queue, and a number of the pool's own. */
struct RowLink {
  double stamp;
  int32_t next;
  int32_t own;
};

/**
 * A first-in, first-out queue of row ids, each with a number, linked through entries that are indexed by the id: a row is
 * in at most one queue at a time, and only the entries of rows that were ever used are touched.
 */
class RowQueue {
 public:
  explicit RowQueue(ZeroArray<RowLink>& links) : links_(links) {}

  void push(int32_t id, double stamp) {
    RowLink& link = links_[static_cast<size_t>(id)];
    link.next = 0;
    link.stamp = stamp;
    if (tail_ == 0) {
      head_ = id;
    } else {
      links_[static_cast<size_t>(tail_)].next = id;
    }
    tail_ = id;
  }

  /** Takes the first id whose stamp is at most `limit`; 0 where the queue is empty or its first stamp is later. */
  int32_t shift(double limit) {
    const int32_t id = head_;
    if (id == 0 || links_[static_cast<size_t>(id)].stamp > limit) return 0;
    head_ = links_[static_cast<size_t>(id)].next;
    if (head_ == 0) tail_ = 0;
    return id;
  }

 private:
  ZeroArray<RowLink>& links_;
  int32_t head_ = 0;
  int32_t tail_ = 0;
};

}  // namespace peregrine::state
