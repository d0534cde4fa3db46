// SPDX-License-Identifier: Apache-2.0
#include "live_losses.h"

#include <ctime>
#include <initializer_list>

namespace peregrine {

void LiveLosses::watch(live_programs* programs) {
  programs_ = programs;
  shared_ = live_programs_shared(programs);
}

void LiveLosses::end() {
  if (shared_ == nullptr) return;
  count_missed();
  ended_ = total() - simulated_;
  shared_ = nullptr;
  programs_ = nullptr;
}

void LiveLosses::look() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  if (now.tv_sec == looked_s_) return;
  looked_s_ = now.tv_sec;
  count_missed();
}

void LiveLosses::count_missed() {
  if (shared_ == nullptr) return;
  uint64_t missed[LIVE_CLASSES] = {};
  for (int which = 0; which < LIVE_PROGRAMS; which++) {
    live_class kind = LIVE_CLASS_OTHER;
    if (which == LIVE_PROGRAM_EXIT) kind = LIVE_CLASS_PROC;
    if (which == LIVE_PROGRAM_EXEC) kind = LIVE_CLASS_EXECVE;
    missed[kind] += live_programs_missed(programs_, static_cast<live_program>(which));
  }
  for (int kind = 0; kind < LIVE_CLASSES; kind++) {
    __atomic_store_n(&shared_->drops[kind][LIVE_CAUSE_MISSED], missed[kind], __ATOMIC_RELAXED);
  }
}

uint64_t LiveLosses::total() const {
  uint64_t sum = simulated_ + ended_;
  if (shared_ == nullptr) return sum;
  for (int kind = 0; kind < LIVE_CLASSES; kind++) {
    for (int cause = 0; cause < LIVE_CAUSES; cause++) sum += of(kind, cause);
  }
  return sum;
}

uint64_t LiveLosses::vital() const {
  if (shared_ == nullptr) return 0;
  // What is missed of the program for all calls may have been any of them.
  uint64_t sum = of(LIVE_CLASS_OTHER, LIVE_CAUSE_MISSED);
  for (const int kind : {LIVE_CLASS_CLONE_FORK, LIVE_CLASS_EXECVE, LIVE_CLASS_PROC, LIVE_CLASS_CREDENTIAL, LIVE_CLASS_OPEN,
                         LIVE_CLASS_CLOSE}) {
    for (int cause = 0; cause < LIVE_CAUSES; cause++) sum += of(kind, cause);
  }
  return sum;
}

void LiveLosses::report(double* losses) const {
  for (int kind = 0; kind < LIVE_CLASSES; kind++) {
    for (int cause = 0; cause < LIVE_CAUSES; cause++) {
      *losses++ = shared_ == nullptr ? 0 : static_cast<double>(of(kind, cause));
    }
  }
}

}  // namespace peregrine
