// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** A thread ends: it is dead for its group from now on, and out of the table when the next event arrives. */
void exited(Tables& c) {
  if (c.t == 0) return;
  Thread& thread = c.threads[c.t];
  if (c.has(4) && thread.first_child != 0) thread.reaper = c.slot_at(word_of(type::kProcexit_1E, 4));
  c.threads.mark_dead(c.t);
  c.end_later(c.t, c.time());
}

constexpr Rule kRules[] = {{type::kProcexit_1E, exited, params({4}), {}}};

}  // namespace

Rules exit_rules() { return kRules; }

}  // namespace peregrine::state
