// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "../bytes.h"
#include "../event_table.generated.h"
#include "../interner.h"
#include "addresses.h"
#include "annexes.h"
#include "extras.h"
#include "fd_pool.h"
#include "fd_tables.h"
#include "lookup.h"
#include "recent_exits.h"
#include "strings.h"
#include "threads.h"

namespace peregrine::state {

/** The shared arrays that the state stage writes; src/batch has their pictures. Counts are rows, row 0 included. */
struct TableMemory {
  uint8_t* ring;
  int32_t* heads;
  int32_t* rows;
  int32_t row_count;
  int32_t* extras;
  int32_t extra_count;
  int32_t* fds;
  int32_t fd_count;
  LookupMemory users;
  LookupMemory groups;
  LookupMemory containers;
};

/**
 * All tables of the state stage and the event that is being applied: what a handler works on. A handler gets nothing else
 * and keeps nothing of its own.
 */
class Tables final : private ThreadEnd {
 public:
  Tables(Interner& interner, const TableMemory& memory, AnnexDemand annex);

  uint8_t* const ring;
  Strings strings;
  Addresses addresses{strings};
  Threads threads;
  Extras extras;
  FdPool fd_pool;
  FdTables fds{fd_pool, threads};
  Lookup users;
  Lookup groups;
  Lookup containers;
  RecentExits recent_exits;
  Annexes annexes;
  /** ns from the epoch to the machine's start; 0 where it is not known. */
  uint64_t boot_time = 0;
  /** Whether processes belong to containers; otherwise all are the host's. */
  bool knows_containers = true;

  /** The event's record and its number. */
  int32_t* record = nullptr;
  double now = 0;
  /** The event's thread and the leader of its group; 0 where they are not known. */
  int32_t t = 0;
  int32_t lead = 0;
  /** The fd that the event works on and its row. */
  int32_t fd = -1;
  int32_t fd_row = 0;
  bool is_name_changed = false;

  /** Moves to another event. */
  void advance(double number) {
    now = number;
    threads.versions.now = number;
    fds.now = number;
  }

  /** At the next event this thread, which ended at `time`, leaves the table. */
  void end_later(int32_t thread, int64_t time) {
    ending_thread_ = thread;
    ending_time_ = time;
  }
  /** At the next event this fd is closed. */
  void close_later(int32_t owner, int32_t fd) {
    closing_owner_ = owner;
    closing_fd_ = fd;
  }
  /** Whether the last event ended thread `t`, or closed an fd: it is gone from the next one on. */
  bool is_ending(int32_t thread) const { return thread == ending_thread_; }
  bool is_closing(int32_t owner, int32_t number) const { return owner == closing_owner_ && number == closing_fd_; }
  /** Applies what the events before left for this one. */
  void settle_deferred() {
    if (ending_thread_ != 0 || closing_fd_ >= 0) apply_deferred();
  }
  void forget_deferred() { ending_thread_ = closing_owner_ = 0, closing_fd_ = -1; }

  /** A thread of which only the tid is known, for events of threads that nobody told us about; 0 where there is no room. */
  int32_t placeholder(int32_t slot);

  bool has(uint32_t param) const { return (static_cast<uint32_t>(record[record_word::kPresent]) >> param & 1) != 0; }
  /** The low word of the parameter at word `at` of the record. */
  int32_t word(uint32_t at) const { return record[at]; }
  /** The 64-bit parameter at word `at`. */
  int64_t wide(uint32_t at) const { return load<int64_t>(reinterpret_cast<const uint8_t*>(record + at)); }
  /** The event's annex; null where its record has none. */
  int32_t* annex() const {
    const int32_t at = record[record_word::kAnnex];
    return at == 0 ? nullptr : record + at;
  }
  /** ns since the epoch. */
  int64_t time() const { return wide(record_word::kTime); }
  int64_t tid() const { return wide(record_word::kTid); }
  /** Whether the 64-bit parameter at word `at` is zero or more. */
  bool succeeded(uint32_t at) const { return wide(at) >= 0; }
  /** A 64-bit fd number as a small integer; -1 for anything that cannot be one, but for AT_FDCWD. */
  int32_t fd_at(uint32_t at) const {
    const int64_t number = wide(at);
    return (number >= 0 && number <= INT32_MAX) || number == kAtFdcwd ? static_cast<int32_t>(number) : -1;
  }
  /** The slot that a 64-bit tid parameter stands for. */
  int32_t slot_at(uint32_t at) const { return threads.slot(wide(at)); }

  /** The thread whose fd table the event's thread uses: itself, or its leader where the table is shared. */
  int32_t owner() const { return owner_of(t, lead); }
  int32_t owner_of(int32_t thread, int32_t leader) const {
    return (threads[thread].flags & thread_flag::kFiles) != 0 ? leader : thread;
  }

  /** Working directory of the event's process. */
  int32_t cwd() { return lead == 0 ? kEmpty : threads.get(lead, row_word::kCwd); }
  /** Directory that names relative to `dirfd` begin at. */
  uint32_t directory(int32_t dirfd);

  /** Puts a row at an fd of the event's process: it becomes the event's fd. */
  void add_fd(int32_t number, int32_t row, bool close_on_exec);
  /** A copy of the event's fd row, to be changed and then stored with `replace_fd`; 0 where there is no room. */
  int32_t copy_fd();
  /** Puts a changed copy in the place of the event's fd row. */
  void replace_fd(int32_t row);
  int32_t fd_word(int32_t word) const { return fd_pool.row(fd_row)[word]; }

  /** The extra row to write for a change of thread `thread` at the current event; null where there is no room. */
  int32_t* writable_extra(int32_t thread);
  /** Dictionary id of the container's id for control groups `cgroups` (0: none are known). */
  int32_t container_of(int32_t cgroups);

  /** Page faults of a thread from the 64-bit parameters at two words, where they are kept and the event tells them. */
  void set_faults(int32_t thread, uint32_t major, uint32_t minor, bool is_told) {
    if (!is_told || !annexes.has_costs()) return;
    annexes.costs(thread).pf_major = static_cast<uint64_t>(wide(major));
    annexes.costs(thread).pf_minor = static_cast<uint64_t>(wide(minor));
  }

  /** A change of users, groups or containers that found no place in its table. */
  void count_lost_lookup() { lost_lookups_++; }
  uint64_t lost_lookups() const { return lost_lookups_; }
  /** Whether users, groups or containers should be compacted; see compact_lookups. */
  bool are_lookups_tight() const { return users.is_tight() || groups.is_tight() || containers.is_tight(); }
  /** Drops what look-up tables hold for older events. Only while no batch is in flight. */
  void compact_lookups();
  void clear_lookups();

  /** Marks the ids that the tables hold: of the newest rows, since while no batch is in flight nobody asks for others. */
  void mark(uint8_t* marks);
  /** After a sweep of the dictionary: ids that were not marked mean nothing any more. */
  void forget();

  static constexpr int32_t kAtFdcwd = -100;

 private:
  void erased(int32_t thread) override;
  void apply_deferred();

  std::unordered_map<int32_t, int32_t> containers_of_cgroups_;
  int32_t ending_thread_ = 0;
  int64_t ending_time_ = 0;
  int32_t closing_owner_ = 0;
  int32_t closing_fd_ = -1;
  uint64_t lost_lookups_ = 0;
};

}  // namespace peregrine::state
