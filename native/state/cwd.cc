// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

constexpr uint16_t kRes = word_of(type::kSyscallChdirX, 0);
constexpr uint16_t kPath = word_of(type::kSyscallChdirX, 1);

/** The working directory belongs to the process: its leader's row has it. */
void set_cwd(Tables& c, uint32_t folder) {
  if (c.lead != 0) c.threads.set(c.lead, row_word::kCwd, folder);
}

void chdir(Tables& c) {
  const uint32_t path = c.word(kPath);
  if (c.succeeded(kRes) && path != kAbsent && c.t != 0) set_cwd(c, c.strings.folder(c.strings.path(c.cwd(), path)));
}

void fchdir(Tables& c) {
  if (c.succeeded(kRes) && c.fd_row != 0) set_cwd(c, c.strings.folder(c.fd_word(fd_word::kName)));
}

void getcwd(Tables& c) {
  if (static_cast<uint32_t>(c.word(kPath)) != c.strings.na()) chdir(c);
}

void chroot(Tables& c) {
  const uint32_t path = c.word(kPath);
  if (!c.succeeded(kRes) || path == kAbsent || c.t == 0) return;
  const uint32_t root = c.strings.path(c.cwd(), path);
  int32_t* extra = c.writable_extra(c.t);
  if (extra != nullptr) extra[extra_word::kRoot] = root;
}

constexpr Rule kRules[] = {
    {type::kSyscallChdirX, chdir, params({0, 1}), kSucceeds},
    {type::kSyscallFchdirX, fchdir, params({0, 1}), kSucceeds},
    {type::kSyscallGetcwdX, getcwd, params({0, 1}), kSucceeds},
    {type::kSyscallChrootX, chroot, params({0, 1}), kSucceeds},
};

}  // namespace

Rules cwd_rules() { return kRules; }

}  // namespace peregrine::state
