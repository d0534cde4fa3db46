// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tables.h"

namespace peregrine::state {

/*
 * Enter events that still exist carry what a call was given before another thread could change it. They are kept with
 * their thread until its exit event comes.
 */

/**
 * Takes the enter event of `type` that the event's thread has kept; its words stay in the thread's record. False where the
 * thread's last enter event is another one.
 */
inline bool take_enter(Tables& c, uint16_t type) {
  Thread& thread = c.threads[c.t];
  if (c.t == 0 || thread.enter_type != type) return false;
  thread.enter_type = 0;
  return true;
}

}  // namespace peregrine::state
