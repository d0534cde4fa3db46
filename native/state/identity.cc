// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** The result is the first parameter of all of these calls. */
constexpr uint16_t kRes = word_of(type::kSyscallSetsidX, 0);

/** A call that sets the user or group of the process from parameter `kParam`; -1 leaves it where `kKeeps` says so. */
template <uint16_t kType, int kParam, int32_t kWord, bool kKeeps>
void set(Tables& c) {
  // They belong to the process; a thread whose leader is not known has its own.
  const int32_t t = c.lead == 0 ? c.t : c.lead;
  if (!c.succeeded(kRes) || t == 0 || !c.has(kParam)) return;
  const int32_t id = c.word(word_of(kType, kParam));
  if (!kKeeps || id != -1) c.threads.set(t, kWord, id);
}

template <uint16_t kType, int kParam, int32_t kWord, bool kKeeps>
constexpr Rule setter() {
  return {kType, set<kType, kParam, kWord, kKeeps>, params({0, kParam}), kSucceeds};
}

void setsid(Tables& c) {
  if (c.succeeded(kRes) && c.t != 0) c.threads.set(c.t, row_word::kSid, c.word(kRes));
}

constexpr int kCapWords = 6;

void capset(Tables& c) {
  if (!c.succeeded(kRes) || c.t == 0) return;
  int32_t* extra = c.writable_extra(c.t);
  if (extra == nullptr) return;
  std::copy_n(c.record + word_of(type::kSyscallCapsetX, 1), kCapWords, extra + extra_word::kCapInheritable);
}

/** Capabilities 0 to 40. */
constexpr int32_t kAllCaps[2] = {-1, 0x1ff};

/** unshare and setns: the first process of a new user namespace has every capability in it. */
template <uint16_t kType, int kParam>
void enter_namespaces(Tables& c) {
  if (!c.succeeded(kRes) || c.t == 0 || (c.word(word_of(kType, kParam)) & thread_flag::kNewuser) == 0) return;
  int32_t* extra = c.writable_extra(c.t);
  if (extra == nullptr) return;
  for (int i = 0; i < kCapWords; i++) extra[extra_word::kCapInheritable + i] = kAllCaps[i & 1];
}

template <uint16_t kType, int kParam>
constexpr Rule namespaces() {
  return {kType, enter_namespaces<kType, kParam>, params({0, kParam}), kSucceeds};
}

constexpr int32_t kSetChildSubreaper = 36;
constexpr int32_t kGetChildSubreaper = 37;

void prctl(Tables& c) {
  const int32_t option = c.word(word_of(type::kSyscallPrctlX, 1));
  if (option != kSetChildSubreaper && option != kGetChildSubreaper) return;
  if (c.succeeded(kRes) && c.t != 0) c.threads.set_reaper(c.t, c.wide(word_of(type::kSyscallPrctlX, 3)) != 0);
}

constexpr int32_t kNofile = 7;

void set_fd_limit(Tables& c, int32_t t, uint16_t at) {
  if (t == 0) return;
  const int32_t low = c.word(at);
  const int32_t high = c.word(at + 1);
  const int32_t* old = c.extras.row(c.threads.get(t, row_word::kExtra));
  if (old[extra_word::kFdLimit] == low && old[extra_word::kFdLimit + 1] == high) return;
  int32_t* extra = c.writable_extra(t);
  if (extra == nullptr) return;
  extra[extra_word::kFdLimit] = low;
  extra[extra_word::kFdLimit + 1] = high;
}

void rlimit(Tables& c) {
  if (!c.succeeded(kRes) || c.word(word_of(type::kSyscallGetrlimitX, 3)) != kNofile) return;
  set_fd_limit(c, c.lead, word_of(type::kSyscallGetrlimitX, 1));
}

void prlimit(Tables& c) {
  constexpr uint16_t kType = type::kSyscallPrlimitX;
  if (!c.succeeded(kRes) || c.word(word_of(kType, 6)) != kNofile || !c.has(1)) return;
  if (c.wide(word_of(kType, 1)) == -1) return;
  const int32_t pid = c.slot_at(word_of(kType, 5));
  const int32_t t = pid == 0 ? c.lead : c.threads.find(pid);
  set_fd_limit(c, t == 0 ? 0 : c.threads.leader(t), word_of(kType, 1));
}

/** Parameter `param` is the limit on open files. */
constexpr Test nofile(int param) { return {plan_test::kOneOf, {param, kNofile, kNofile, kNofile}}; }

constexpr Rule kRules[] = {
    setter<type::kSyscallSetuidX, 1, row_word::kUid, false>(),
    setter<type::kSyscallSetresuidX, 2, row_word::kUid, true>(),
    setter<type::kSyscallSetreuidX, 2, row_word::kUid, true>(),
    setter<type::kSyscallSetgidX, 1, row_word::kGid, false>(),
    setter<type::kSyscallSetresgidX, 2, row_word::kGid, true>(),
    setter<type::kSyscallSetregidX, 2, row_word::kGid, true>(),
    {type::kSyscallSetsidX, setsid, params({0}), kSucceeds},
    {type::kSyscallCapsetX, capset, params({0, 1, 2, 3}), kSucceeds},
    namespaces<type::kSyscallUnshareX, 1>(),
    namespaces<type::kSyscallSetnsX, 2>(),
    {type::kSyscallPrctlX, prctl, params({0, 1, 3}),
     {plan_test::kOneOf, {1, kSetChildSubreaper, kGetChildSubreaper, kGetChildSubreaper}}},
    {type::kSyscallGetrlimitX, rlimit, params({0, 1, 3}), nofile(3)},
    {type::kSyscallSetrlimitX, rlimit, params({0, 1, 3}), nofile(3)},
    {type::kSyscallPrlimitX, prlimit, params({0, 1, 5, 6}), nofile(6)},
};

}  // namespace

Rules identity_rules() { return kRules; }

}  // namespace peregrine::state
