// SPDX-License-Identifier: Apache-2.0
#include "enter.h"

#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** Keeps the enter event of a type; the parameters with its name, fd and flags, -1 where it has none. */
template <uint16_t kType, int kName, int kFd, int kFlags>
void keep(Tables& c) {
  if (c.t == 0) return;
  constexpr int32_t name = place_of(kType, kName);
  constexpr int32_t fd = place_of(kType, kFd);
  constexpr int32_t flags = place_of(kType, kFlags);
  Thread& thread = c.threads[c.t];
  thread.enter_type = kType;
  thread.enter_name = name < 0 ? 0 : c.word(name);
  thread.enter_fd = fd < 0 ? -1 : c.fd_at(fd);
  thread.enter_flags = flags < 0 ? 0 : c.word(flags);
}

template <uint16_t kType, int kName, int kFd, int kFlags>
constexpr Rule keeper() {
  return {kType, keep<kType, kName, kFd, kFlags>, params({kName, kFd, kFlags}), {}};
}

constexpr Rule kRules[] = {
    keeper<type::kSyscallOpenE, 0, -1, 1>(),     keeper<type::kSyscallCreatE, 0, -1, -1>(),
    keeper<type::kSyscallOpenat2E, 1, 0, 2>(),   keeper<type::kSyscallOpenat_2E, 1, 0, 2>(),
    keeper<type::kSyscallExecve_19E, 0, -1, -1>(), keeper<type::kSyscallExecveatE, 1, 0, 2>(),
    keeper<type::kSocketConnectE, 1, 0, -1>(),
};

}  // namespace

Rules enter_rules() { return kRules; }

}  // namespace peregrine::state
