// SPDX-License-Identifier: Apache-2.0
#include "idle.h"

#include "tables.h"

namespace peregrine::state {

namespace {

constexpr uint64_t kMinute = 60'000'000'000;
constexpr uint32_t kTimeout = static_cast<uint32_t>(30 * kMinute >> 32);
constexpr uint32_t kInterval = static_cast<uint32_t>(20 * kMinute >> 32);

/** From here on threads that are known go, too. */
bool is_crowded(const Threads& threads) { return threads.count() > threads.capacity() / 4 * 3; }

/** Whether nobody else is lost with the thread: no children, and no other threads of its process. */
bool stands_alone(const Threads& threads, int32_t t) {
  const Thread& thread = threads[t];
  return thread.first_child == 0 && (thread.pid != thread.slot || threads.living_threads(t) <= 1);
}

}  // namespace

void IdleThreads::scan(Tables& c, uint32_t time, int32_t reserve) {
  const bool is_first = next_ == 0;
  next_ = time + kInterval;
  if (is_first) return;
  Threads& threads = c.threads;
  for (int32_t t = 1; t < threads.end(); t++) {
    Thread& thread = threads[t];
    if (thread.row == 0) continue;
    // Of the list that a capture starts with, or made on the way: it counts from now on.
    if (thread.last_seen == 0) thread.last_seen = time;
    if (time < thread.last_seen || time - thread.last_seen < kTimeout) continue;
    if (!(threads.is_invalid(t) || is_crowded(threads)) || !stands_alone(threads, t)) continue;
    // A removal is a version as well, and takes a row until nobody can ask for the one before.
    if (threads.versions.available() <= reserve) {
      next_ = time + 1;
      return;
    }
    threads.remove(t);
    removed_++;
  }
}

}  // namespace peregrine::state
