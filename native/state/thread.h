// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace peregrine::state {

class FdVector;

/**
 * What ingest alone knows of a thread. Threads are numbered densely (`t`, 1 and up; 0 = none, all zeros); `slot` is where
 * a thread's newest row hangs: its tid, or for tids beyond kTidLimit a number of FarTids. Rows carry slots wherever they
 * carry a tid, pid or parent, so that looking one up always works; the true number of such a tid is in its events.
 *
 * What nearly every event reads is in the first cache line.
 */
struct alignas(64) Thread {
  int32_t row;    // the newest; 0 = this thread is not in use
  int32_t slot;
  int32_t pid;    // slot of the leader, negative = not known
  int32_t ptid;   // slot of the parent
  int32_t flags;  // thread_flag
  int32_t group;
  FdVector* fds;
  // The last enter event: its type (0 = none), name, directory or socket fd, flags.
  int32_t enter_type;
  int32_t enter_name;
  int32_t enter_fd;
  int32_t enter_flags;
  int32_t reaper;  // slot of the thread that the kernel gives the children to, 0 = not told
  int32_t is_dead;
  uint32_t last_seen;  // upper word of the time of its last event, 0 = none yet

  int32_t parent;
  int32_t first_child;
  int32_t next_child;
  int32_t prev_child;
  int32_t children;
  int32_t next_member;
  int32_t prev_member;
};

/** The threads of one process. */
struct Group {
  int32_t pid;
  int32_t alive;
  int32_t is_reaper;  // takes over orphans
  int32_t first;
  int32_t last;
};

}  // namespace peregrine::state
