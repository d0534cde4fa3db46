// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "live_programs.h"

namespace peregrine {

/** What the kernel lost, by class and cause: the programs count it in what they share with us, and we what they cannot see. */
class LiveLosses {
 public:
  /** From now on there are programs. */
  void watch(live_programs* programs);
  /** The programs are about to end: what they lost is counted for the last time. */
  void end();

  /** Asks the kernel, once a second at the most, how often it did not run a program. */
  void look();

  /** All of them. */
  uint64_t total() const;
  /** Those without which the state is wrong. */
  uint64_t vital() const;
  /** LIVE_CLASSES x LIVE_CAUSES numbers. */
  void report(double* losses) const;

  /** Pretends that an event was lost; for `simulate_drops`. */
  void simulate() { simulated_++; }

 private:
  void count_missed();
  uint64_t of(int kind, int cause) const { return __atomic_load_n(&shared_->drops[kind][cause], __ATOMIC_RELAXED); }

  live_programs* programs_ = nullptr;
  live_shared* shared_ = nullptr;
  uint64_t simulated_ = 0;
  uint64_t ended_ = 0;    // what programs lost that are no more
  int64_t looked_s_ = 0;  // when the kernel was asked last
};

}  // namespace peregrine
