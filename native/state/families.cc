// SPDX-License-Identifier: Apache-2.0
// Groups of threads, parents and children, and who takes over the children of a thread that ends.
#include "threads.h"

namespace peregrine::state {

namespace {

/** Parent links can form a loop where events were lost; no real ancestry is as long. */
constexpr int kLongestAncestry = 1024;

}  // namespace

void Threads::link(int32_t t) {
  Thread& thread = (*this)[t];
  if (is_invalid(t) || thread.group != 0) return;
  const int32_t pid = thread.pid;
  join(t, pid == 1 || get(t, row_word::kVpid) == 1);
  if (pid == 1) return;
  const int32_t parent = find(thread.ptid);
  if (parent == 0 || parent == t || is_invalid(parent)) {
    set_parent(t, 0);
  } else {
    adopt(parent, t);
  }
}

void Threads::join(int32_t t, bool is_reaper) {
  Thread& thread = (*this)[t];
  const int32_t pid = thread.pid;
  if (pid <= 0 || pid >= kHeadSlots) return;
  int32_t g = group_index_[static_cast<size_t>(pid)];
  if (g == 0) {
    g = group_pool_.take();
    if (g == 0) return;
    group(g) = Group{pid, 0, is_reaper ? 1 : 0, 0, 0};
    group_index_[static_cast<size_t>(pid)] = g;
  }
  Group& members = group(g);
  thread.group = g;
  members.alive++;
  // The leader is first, the others follow in order of arrival.
  if (members.first == 0) {
    members.first = t;
    members.last = t;
  } else if (pid == thread.slot) {
    thread.next_member = members.first;
    (*this)[members.first].prev_member = t;
    members.first = t;
  } else {
    thread.prev_member = members.last;
    (*this)[members.last].next_member = t;
    members.last = t;
  }
}

void Threads::leave(int32_t t) {
  Thread& thread = (*this)[t];
  const int32_t g = thread.group;
  if (g == 0) return;
  Group& members = group(g);
  if (thread.prev_member == 0) {
    members.first = thread.next_member;
  } else {
    (*this)[thread.prev_member].next_member = thread.next_member;
  }
  if (thread.next_member == 0) {
    members.last = thread.prev_member;
  } else {
    (*this)[thread.next_member].prev_member = thread.prev_member;
  }
  thread.group = 0;
  if (members.first == 0) {
    group_index_[static_cast<size_t>(members.pid)] = 0;
    group_pool_.give(g);
  }
}

void Threads::adopt(int32_t parent, int32_t t) {
  Thread& thread = (*this)[t];
  Thread& up = (*this)[parent];
  thread.parent = parent;
  thread.prev_child = 0;
  thread.next_child = up.first_child;
  if (up.first_child != 0) (*this)[up.first_child].prev_child = t;
  up.first_child = t;
  up.children++;
  if (up.children > largest_family_) largest_family_ = up.children;
  set_parent(t, up.slot);
}

void Threads::orphan(int32_t t) {
  Thread& thread = (*this)[t];
  if (thread.parent == 0) return;
  Thread& up = (*this)[thread.parent];
  if (thread.prev_child == 0) {
    up.first_child = thread.next_child;
  } else {
    (*this)[thread.prev_child].next_child = thread.next_child;
  }
  if (thread.next_child != 0) (*this)[thread.next_child].prev_child = thread.prev_child;
  up.children--;
  thread.parent = 0;
}

void Threads::set_parent(int32_t t, int32_t ptid) {
  (*this)[t].ptid = ptid;
  set(t, row_word::kPtid, ptid);
}

void Threads::set_reaper(int32_t t, bool on) {
  const int32_t g = (*this)[t].group;
  if (g != 0) group(g).is_reaper = on ? 1 : 0;
}

bool Threads::is_in_pid_namespace(int32_t t) {
  const int32_t vtid = get(t, row_word::kVtid);
  return ((*this)[t].flags & thread_flag::kChildInPidns) != 0 || (vtid >= 0 && vtid != get(t, row_word::kTid));
}

int32_t Threads::reaper_for(int32_t t) {
  const Thread& thread = (*this)[t];
  int32_t reaper = thread.reaper > 0 ? find(thread.reaper) : 0;
  if (reaper == t || (reaper != 0 && is_invalid(reaper))) reaper = 0;
  if (reaper == 0) reaper = find_reaper(t);
  if (reaper != 0 && (*this)[reaper].pid != thread.pid) set_reaper(reaper, true);
  return reaper;
}

/** A living thread of the same group, else of the nearest ancestor's group that takes over orphans; 0 = none. */
int32_t Threads::find_reaper(int32_t t) {
  const Thread& thread = (*this)[t];
  const int32_t own = living(thread.group, t);
  if (own != 0) return own;
  const bool is_inside = is_in_pid_namespace(t);
  int32_t ancestor = find(thread.ptid);
  for (int steps = 0; ancestor != 0 && ancestor != t && steps < kLongestAncestry; steps++) {
    if (is_in_pid_namespace(ancestor) != is_inside) return 0;
    const int32_t g = (*this)[ancestor].group;
    if (g != 0 && group(g).is_reaper != 0) {
      const int32_t heir = living(g, t);
      if (heir != 0) return heir;
    }
    ancestor = find((*this)[ancestor].ptid);
  }
  return 0;
}

int32_t Threads::living(int32_t g, int32_t but) {
  if (g == 0) return 0;
  int32_t member = group(g).first;
  while (member != 0 && (member == but || (*this)[member].is_dead != 0)) member = (*this)[member].next_member;
  return member;
}

void Threads::hand_over(int32_t t, int32_t reaper) {
  for (int32_t child = (*this)[t].first_child; child != 0;) {
    const int32_t next = (*this)[child].next_child;
    orphan(child);
    if (reaper == 0 || reaper == child) {
      set_parent(child, 0);
    } else {
      adopt(reaper, child);
    }
    child = next;
  }
}

}  // namespace peregrine::state
