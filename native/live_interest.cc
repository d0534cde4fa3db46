// SPDX-License-Identifier: Apache-2.0
#include "live_interest.h"

#include "recipe.h"
#include "syscalls.generated.h"

namespace peregrine {

void Interest::apply(live_shared& shared, const int32_t* plan) const {
  const bool is_chosen = calls.size() == LIVE_SYSCALLS && events.size() == kEventTypes;
  const auto wanted = [&](uint32_t type) { return plan[static_cast<size_t>(type) * kPlanWords] != plan_action::kSkip; };
  for (uint32_t number = 0; number < LIVE_SYSCALLS; number++) {
    const uint16_t type = kSyscallEvents[number];
    // send and recv are made through socketcall by 32-bit programs, and are told by the numbers of sendto and recvfrom.
    const bool is_planned = type != 0 && (wanted(type) || (type == kSendtoExit && wanted(kSendExit)) ||
                                         (type == kRecvfromExit && wanted(kRecvExit)));
    const bool is_wanted = is_chosen ? calls[number] != 0 : is_planned;
    __atomic_store_n(&shared.wanted_call[number], static_cast<unsigned char>(is_wanted), __ATOMIC_RELAXED);
  }
  for (uint32_t type = 0; type < kEventTypes; type++) {
    __atomic_store_n(&shared.wanted_event[type], static_cast<unsigned char>(is_chosen ? events[type] != 0 : wanted(type)), __ATOMIC_RELAXED);
  }
}

}  // namespace peregrine
