// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "channel.h"

namespace peregrine::plugin {

/** How a plugin's process ended. */
struct Death {
  /** A wait status. */
  int status = 0;
  /** It was killed because it did not answer. */
  bool killed = false;
};

/**
 * The process of one library, shared by all threads of Peregrine that use it. What they share are a few words of memory and,
 * as they are threads of one process, the numbers of its descriptors:
 *
 *   word  0     1    2           3           4      5               6                 7
 *         lock  pid  socket + 1  generation  users  dead generation its wait status   killed
 *
 * Each process has a generation, from 1. It is reaped under the lock only, and the pid is forgotten then, so that a pid
 * that was given to somebody else is never asked about or killed.
 */
class SharedProcess {
 public:
  static constexpr size_t kWords = 8;

  /**
   * `memory_mb` bounds the data of the process; 0: nothing does. `go_procs` is GOMAXPROCS in it, where the environment does not
   * say; 0: as Go sees fit.
   */
  SharedProcess(int32_t* words, uint32_t memory_mb, uint32_t go_procs)
      : words_(words), memory_mb_(memory_mb), go_procs_(go_procs) {}

  /**
   * Starts the process where none runs and gives it `memory`. Returns its generation, 0 on failure: see error().
   */
  int32_t join(const std::string& host, const std::string& library, int memory);
  /** The counterpart of join; with the last user the process ends. */
  void leave(int32_t generation);
  /** True where the process of that generation has ended. */
  bool dead(int32_t generation, Death& death);
  /** CPU time of the process of that generation, ns; 0 where it has ended. */
  uint64_t cpu_ns(int32_t generation);
  /** Ends the process of that generation. */
  void kill(int32_t generation);

  const std::string& error() const { return error_; }

 private:
  bool start(const std::string& host, const std::string& library);
  bool send(int memory);
  /** With the lock held: reaps the process if it has ended, or waits for that. */
  bool reap(bool wait);

  int32_t* words_;
  uint32_t memory_mb_;
  uint32_t go_procs_;
  std::string error_;
};

}  // namespace peregrine::plugin
