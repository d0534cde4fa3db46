// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "enter.h"
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** Word offset of a parameter; execveat has the same ones. */
constexpr uint16_t at(uint32_t param) { return word_of(type::kSyscallExecve_19X, param); }
static_assert(word_of(type::kSyscallExecveatX, 29) == at(29));

constexpr int32_t kAtEmptyPath = 0x1000;
constexpr int32_t kKeptFlags =
    thread_flag::kPipeSrc | thread_flag::kPipeDst | thread_flag::kMainThread | thread_flag::kInverted;

/** The program's path where the event does not tell it: from what execve was given. */
uint32_t path_from_execve(Tables& c) {
  const uint32_t name = c.threads[c.t].enter_name;
  return name == kAbsent || name == c.strings.na() ? c.strings.na() : c.strings.path(c.cwd(), name);
}

/** The same from what execveat was given. */
uint32_t path_from_execveat(Tables& c) {
  Strings& strings = c.strings;
  const Thread& thread = c.threads[c.t];
  const uint32_t name = thread.enter_name;
  if ((thread.enter_flags & kAtEmptyPath) != 0) {
    const int32_t row = c.fds.get(c.owner(), thread.enter_fd);
    return row == 0 ? strings.na() : static_cast<uint32_t>(c.fd_pool.row(row)[fd_word::kName]);
  }
  if (name == kAbsent || name == strings.na()) return strings.na();
  if (strings.is_absolute(name)) return strings.path(0, name);
  const uint32_t dir = c.directory(thread.enter_fd);
  return dir == strings.unknown() ? strings.na() : strings.path(dir, name);
}

/** Sets a word of the row from a parameter that is there. */
void set(Tables& c, int32_t* row, int32_t word, uint32_t param) {
  if (c.has(param)) row[word] = c.word(at(param));
}

void set_extra(Tables& c, int32_t* extra) {
  std::copy_n(c.record + at(7), 2, extra + extra_word::kFdLimit);
  if (c.has(12)) std::copy_n(c.record + at(10), 3, extra + extra_word::kVmSize);
  if (c.has(14)) extra[extra_word::kCgroups] = c.word(at(14));
  if (c.has(22)) std::copy_n(c.record + at(20), 6, extra + extra_word::kCapInheritable);
  if (c.has(25)) std::copy_n(c.record + at(23), 6, extra + extra_word::kExeIno);
  std::copy_n(c.record + record_word::kTime, 2, extra + extra_word::kLastExec);
}

/**
 * The event tells the process of the thread. Where that is another than the one that the table has, an end and a beginning
 * were lost in between, and what is there is someone else's: it is forgotten.
 */
void forget_other(Tables& c) {
  Threads& threads = c.threads;
  const int32_t tid = threads[c.t].slot;
  if (threads.is_invalid(c.t) || !c.has(4) || threads.slot(c.wide(at(4))) == threads[c.t].pid) return;
  threads.remove(c.t);
  // A leader whose threads live on stays in the table until the last of them has gone.
  const int32_t there = threads.find(tid);
  c.t = there != 0 ? there : c.placeholder(tid);
}

/** A thread of which only the tid was known: the event says whose it is. */
void introduce(Tables& c) {
  Threads& threads = c.threads;
  const int32_t tid = threads[c.t].slot;
  const int32_t pid = c.has(4) ? threads.slot_for(c.wide(at(4))) : tid;
  threads.set_ids(c.t, pid, c.has(5) ? c.slot_at(at(5)) : -1);
  threads.set(c.t, row_word::kVtid, tid);
  threads.set(c.t, row_word::kVpid, pid);
  threads.link(c.t);
}

void executed(Tables& c) {
  const bool from_execve = take_enter(c, type::kSyscallExecve_19E);
  const bool from_execveat = !from_execve && take_enter(c, type::kSyscallExecveatE);
  if (!c.succeeded(at(0)) || c.t == 0) return;
  Threads& threads = c.threads;
  forget_other(c);
  const int32_t t = c.t;
  if (t == 0) return;
  threads.resurrect(t);
  if (threads.is_invalid(t)) introduce(c);
  c.lead = threads.leader(t);
  const uint32_t exepath = c.has(27)       ? static_cast<uint32_t>(c.word(at(27)))
                           : from_execve   ? path_from_execve(c)
                           : from_execveat ? path_from_execveat(c)
                                           : static_cast<uint32_t>(kAbsent);

  int32_t* row = threads.writable(t);
  set(c, row, row_word::kExe, 1);
  const int32_t comm = c.has(13) ? c.word(at(13)) : c.has(1) ? c.word(at(1)) : row[row_word::kComm];
  row[row_word::kComm] = comm;
  // A program without arguments has an empty parameter: it is set all the same.
  row[row_word::kArgs] = c.word(at(2));
  row[row_word::kCmdline] = c.strings.cmdline(comm, c.word(at(2)));
  set(c, row, row_word::kEnv, 15);
  set(c, row, row_word::kTty, 16);
  set(c, row, row_word::kVpgid, 17);
  set(c, row, row_word::kLoginuid, 18);
  set(c, row, row_word::kExeFlags, 19);
  set(c, row, row_word::kUid, 26);
  set(c, row, row_word::kGid, 29);
  if (exepath != kAbsent) row[row_word::kExepath] = exepath;
  row[row_word::kPgid] = c.has(28) ? c.word(at(28)) : -1;
  if (c.has(14)) row[row_word::kContainer] = c.container_of(c.word(at(14)));
  int32_t* extra = c.writable_extra(t);
  if (extra != nullptr) set_extra(c, extra);
  c.set_faults(t, at(8), at(9), c.has(12));
  if (c.lead != 0 && c.lead != t) {
    if (c.has(26)) threads.set(c.lead, row_word::kUid, c.word(at(26)));
    if (c.has(29)) threads.set(c.lead, row_word::kGid, c.word(at(29)));
    if (c.has(18)) threads.set(c.lead, row_word::kLoginuid, c.word(at(18)));
  }
  c.fds.remove_close_on_exec(c.owner());
  threads.set_flags(t, (threads[t].flags & kKeptFlags) | thread_flag::kNameChanged);
  if (c.lead == t) threads.keep_leader_only(t);
}

constexpr uint32_t kParamMask = params({0,  1,  2,  4,  5,  7,  10, 11, 12, 13, 14, 15, 16,
                                        17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29});
constexpr Rule kRules[] = {
    {type::kSyscallExecve_19X, executed, kParamMask, {}},
    {type::kSyscallExecveatX, executed, kParamMask, {}},
    {type::kSyscallExecve_19X, executed, kParamMask | params({8, 9}), {}, annex_part::kFaults},
    {type::kSyscallExecveatX, executed, kParamMask | params({8, 9}), {}, annex_part::kFaults},
};

}  // namespace

Rules exec_rules() { return kRules; }

}  // namespace peregrine::state
