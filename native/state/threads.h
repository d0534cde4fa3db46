// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "../layout.generated.h"
#include "far_tids.h"
#include "process_versions.h"
#include "row_pool.h"
#include "thread.h"

namespace peregrine::state {

/** Hears of each thread that leaves the table, while its last row can still be read. */
class ThreadEnd {
 public:
  virtual void erased(int32_t t) = 0;

 protected:
  ~ThreadEnd() = default;
};

/** The threads that are there: who is whose child, who is in which group, who is dead, and the newest row of each. */
class Threads {
 public:
  /** @param rows process rows, row 0 included */
  Threads(int32_t* heads, int32_t* rows, int32_t count, ThreadEnd& ended);

  ProcessVersions versions;

  Thread& operator[](int32_t t) { return threads_[static_cast<size_t>(t)]; }
  const Thread& operator[](int32_t t) const { return threads_[static_cast<size_t>(t)]; }
  /** Highest thread number plus one: for walking all of them. */
  int32_t end() const { return pool_.end(); }

  /** The slot of a tid; -1 for a negative one, 0 for none (tid 0, or a large one that is not known). */
  int32_t slot(int64_t tid) const {
    if (tid >= 0 && tid < kTidLimit) return static_cast<int32_t>(tid);
    return tid < 0 ? -1 : far_.find(static_cast<uint64_t>(tid));
  }
  /** The same, making room for a large tid that is not known yet. */
  int32_t slot_for(int64_t tid) {
    const int32_t known = slot(tid);
    return known != 0 || tid == 0 ? known : far_.add(static_cast<uint64_t>(tid));
  }

  /** The thread in a slot; 0 where there is none. */
  int32_t find(int32_t slot) const {
    return slot > 0 && slot < kHeadSlots ? index_[static_cast<size_t>(slot)] : 0;
  }
  /** Asks for the memory that find() will read. */
  void prefetch(int64_t tid) const {
    if (tid > 0 && tid < kTidLimit) __builtin_prefetch(&index_[static_cast<size_t>(tid)]);
  }
  /** The leader of a thread's group; 0 where it is not known. */
  int32_t leader(int32_t t) const {
    const Thread& thread = (*this)[t];
    return thread.pid == thread.slot ? t : find(thread.pid);
  }

  /** A new thread in a free slot, valid from the current event; 0 where there is no room for it. */
  int32_t create(int32_t slot);

  /** The row to write for a change of `t` at the current event. */
  int32_t* writable(int32_t t) {
    Thread& thread = (*this)[t];
    thread.row = versions.change(thread.row);
    return versions.row(thread.row);
  }
  /** The newest row of `t`, for reading. */
  const int32_t* row(int32_t t) { return versions.row((*this)[t].row); }
  int32_t get(int32_t t, int32_t word) { return row(t)[word]; }
  /** Sets one word of a thread's row, as a new version if that changes anything. */
  void set(int32_t t, int32_t word, int32_t value) {
    if (get(t, word) != value) writable(t)[word] = value;
  }

  /** Numbers a thread: its group and its parent. To be linked afterwards. */
  void set_ids(int32_t t, int32_t pid, int32_t ptid);
  void set_flags(int32_t t, int32_t flags) {
    (*this)[t].flags = flags;
    set(t, row_word::kFlags, flags);
  }
  /** A thread of which only the tid is known, or whose ids are not all valid. */
  bool is_invalid(int32_t t) const { return (*this)[t].pid < 0 || (*this)[t].ptid < 0; }

  /** Enters a valid thread into its group and its parent's children; a parent that is not there becomes 0. */
  void link(int32_t t);
  /** Says whether the group of `t` takes over orphans. */
  void set_reaper(int32_t t, bool on);
  /** The thread is gone for its group, but stays in the table. */
  void mark_dead(int32_t t);
  /** Undoes mark_dead: a thread thought dead went on to exec. */
  void resurrect(int32_t t);
  /** Removes the other threads of a group whose leader `t` called exec. */
  void keep_leader_only(int32_t t);
  /** Takes a thread out of the table: its children go to a reaper; a leader with living threads stays as dead. */
  void remove(int32_t t);
  /** Empties the table: all threads end at the current event. */
  void remove_all();

  /** Frees rows that only events up to `horizon` could read, and the slots of far tids that are gone. */
  void settle(double horizon) {
    versions.settle(horizon, [this](int32_t slot) {
      if (slot >= kTidLimit && index_[static_cast<size_t>(slot)] == 0) far_.release(slot);
    });
  }

  /** Living threads of the group of `t`; 0 where its group is not known. */
  int32_t living_threads(int32_t t) const {
    const int32_t g = (*this)[t].group;
    return g == 0 ? 0 : groups_[static_cast<size_t>(g)].alive;
  }
  /** Threads that there can be. */
  int32_t capacity() const { return static_cast<int32_t>(threads_.size()) - 1; }
  int32_t count() const { return count_; }
  uint64_t refused() const { return refused_; }
  /** The most children that one thread has had: that many rows its end can take. */
  int32_t largest_family() const { return largest_family_; }

 private:
  Group& group(int32_t g) { return groups_[static_cast<size_t>(g)]; }
  bool has_room() const;
  bool is_in_pid_namespace(int32_t t);
  void join(int32_t t, bool is_reaper);
  void leave(int32_t t);
  void adopt(int32_t parent, int32_t t);
  void orphan(int32_t t);
  void set_parent(int32_t t, int32_t ptid);
  int32_t reaper_for(int32_t t);
  int32_t find_reaper(int32_t t);
  int32_t living(int32_t g, int32_t but);
  void hand_over(int32_t t, int32_t reaper);
  void erase(int32_t t);

  ThreadEnd& ended_;
  ZeroArray<Thread> threads_;
  ZeroArray<int32_t> index_;        // slot -> thread
  ZeroArray<int32_t> group_index_;  // pid -> group
  ZeroArray<Group> groups_;
  RowPool pool_;
  RowPool group_pool_;
  FarTids far_;
  int32_t count_ = 0;
  uint64_t refused_ = 0;
  int32_t largest_family_ = 0;
};

}  // namespace peregrine::state
