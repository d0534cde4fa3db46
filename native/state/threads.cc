// SPDX-License-Identifier: Apache-2.0
#include "threads.h"

#include <algorithm>

namespace peregrine::state {

namespace {

/** Rows that new threads leave for changes of those that are there, beside one for each child of the largest family. */
constexpr int32_t kSpareRows = 16;

int32_t capacity_for(int32_t rows) { return std::min(kThreadLimit, rows) + 1; }

}  // namespace

Threads::Threads(int32_t* heads, int32_t* rows, int32_t count, ThreadEnd& ended)
    : versions(heads, rows, count),
      ended_(ended),
      threads_(static_cast<size_t>(capacity_for(count))),
      index_(kHeadSlots),
      group_index_(kHeadSlots),
      groups_(static_cast<size_t>(capacity_for(count))),
      pool_(capacity_for(count)),
      group_pool_(capacity_for(count)) {}

bool Threads::has_room() const {
  return versions.available() > largest_family_ + kSpareRows && pool_.available() > 0;
}

int32_t Threads::create(int32_t slot) {
  const int32_t row = has_room() ? versions.create(slot) : 0;
  const int32_t t = row == 0 ? 0 : pool_.take();
  if (t == 0) {
    refused_++;
    if (row != 0) versions.end(row);
    return 0;
  }
  (*this)[t] = Thread{};
  (*this)[t].row = row;
  (*this)[t].slot = slot;
  index_[static_cast<size_t>(slot)] = t;
  count_++;
  return t;
}

void Threads::set_ids(int32_t t, int32_t pid, int32_t ptid) {
  (*this)[t].pid = pid;
  (*this)[t].ptid = ptid;
  int32_t* row = writable(t);
  row[row_word::kPid] = pid;
  row[row_word::kPtid] = ptid;
}

void Threads::mark_dead(int32_t t) {
  Thread& thread = (*this)[t];
  if (thread.is_dead != 0) return;
  thread.is_dead = 1;
  if (thread.group != 0) group(thread.group).alive--;
}

void Threads::resurrect(int32_t t) {
  Thread& thread = (*this)[t];
  if (thread.is_dead == 0) return;
  thread.is_dead = 0;
  if (thread.group != 0) group(thread.group).alive++;
}

void Threads::keep_leader_only(int32_t t) {
  const int32_t g = (*this)[t].group;
  if (g == 0) return;
  for (int32_t member = group(g).first; member != 0;) {
    const int32_t next = (*this)[member].next_member;
    if (member != t) remove(member);
    member = next;
  }
}

void Threads::remove(int32_t t) {
  Thread& thread = (*this)[t];
  const int32_t g = thread.group;
  if (g == 0 || is_invalid(t)) {
    hand_over(t, 0);
    erase(t);
    return;
  }
  mark_dead(t);
  if (thread.first_child != 0) hand_over(t, reaper_for(t));
  const bool leads = thread.pid == thread.slot;
  const int32_t lead = leads ? t : find(thread.pid);
  const bool is_empty = group(g).alive == 0;
  if (!leads) erase(t);
  if (is_empty && lead != 0 && (leads || (*this)[lead].is_dead != 0)) {
    hand_over(lead, 0);
    erase(lead);
  }
}

void Threads::remove_all() {
  for (int32_t t = 1; t < end(); t++) {
    if ((*this)[t].row != 0) erase(t);
  }
  largest_family_ = 0;
}

void Threads::erase(int32_t t) {
  Thread& thread = (*this)[t];
  orphan(t);
  leave(t);
  ended_.erased(t);
  versions.end(thread.row);
  index_[static_cast<size_t>(thread.slot)] = 0;
  thread.row = 0;
  pool_.give(t);
  count_--;
}

}  // namespace peregrine::state
