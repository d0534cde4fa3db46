// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

std::span<const Rules> all_rules() {
  static const Rules kAll[] = {
      clone_rules(),  exec_rules(),       exit_rules(),   enter_rules(),   open_rules(),
      close_rules(),  dup_rules(),        special_fd_rules(), socket_rules(), connect_rules(),
      transfer_rules(), cwd_rules(),      identity_rules(), people_rules(), container_rules(),
      cost_rules(),
  };
  return kAll;
}

}  // namespace peregrine::state
