// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rule.h"

namespace peregrine::state {

/*
 * clone, clone3, fork and vfork are seen twice: once by the caller (result = the child's tid), once by the child (result
 * 0), in either order, and either can be lost. The first of the two makes the child's thread, the second finds it.
 */

namespace {

namespace type = event_type;

/** Word offset of a parameter; all four have the same ones. */
constexpr uint16_t at(uint32_t param) { return word_of(type::kSyscallClone_20X, param); }
static_assert(word_of(type::kSyscallFork_20X, 20) == at(20) && word_of(type::kSyscallVfork_20X, 20) == at(20) &&
              word_of(type::kSyscallClone3X, 20) == at(20));

constexpr uint16_t kRes = at(0);
constexpr uint16_t kExe = at(1);
constexpr uint16_t kArgs = at(2);
constexpr uint16_t kPid = at(4);
constexpr uint16_t kPtid = at(5);
constexpr uint16_t kComm = at(13);
constexpr uint16_t kCgroups = at(14);
constexpr uint16_t kFlags = at(15);
constexpr uint16_t kVtid = at(18);
constexpr uint16_t kVpid = at(19);
constexpr uint16_t kPidnsStart = at(20);

/** A child of these flags is not told of by its caller: the tid in the result is not one of the host's, or not yet known. */
constexpr int32_t kNotFromCaller =
    thread_flag::kChildInPidns | thread_flag::kNewpid | thread_flag::kParent | thread_flag::kVfork;

/** What a child has from the thread that it comes from, if that one is known. */
constexpr int32_t kInherited[] = {row_word::kExepath, row_word::kExeFlags, row_word::kSid,     row_word::kVpgid,
                                  row_word::kPgid,    row_word::kTty,      row_word::kLoginuid};

/** The same of its extra row: root, capabilities, inode and times of the program. */
void inherit_extra(int32_t* extra, const int32_t* from, bool is_thread) {
  extra[extra_word::kRoot] = from[extra_word::kRoot];
  std::copy_n(from + extra_word::kCapInheritable, 6, extra + extra_word::kCapInheritable);
  std::copy_n(from + extra_word::kExeIno, 6, extra + extra_word::kExeIno);
  if (is_thread) std::copy_n(from + extra_word::kLastExec, 2, extra + extra_word::kLastExec);
}

/** A 64-bit id parameter, `otherwise` where the event does not have it. */
int32_t id_or(const Tables& c, uint32_t param, int32_t otherwise) {
  if (!c.has(param)) return otherwise;
  return c.wide(at(param)) < 0 ? -1 : c.word(at(param));
}

void set_program(Tables& c, int32_t* row) {
  const int32_t comm = c.word(kComm) != kAbsent ? c.word(kComm) : c.word(kExe);
  row[row_word::kExe] = c.word(kExe);
  row[row_word::kComm] = comm;
  row[row_word::kArgs] = c.word(kArgs);
  row[row_word::kCmdline] = c.strings.cmdline(comm, c.word(kArgs));
}

void set_pidns_start(Tables& c, int32_t t, uint64_t time) {
  const int32_t extra = c.threads.get(t, row_word::kExtra);
  if (extra != 0) std::memcpy(c.extras.row(extra) + extra_word::kPidnsStart, &time, sizeof time);
}

/** The row of a new child, from the event and from `source` (0: not known). */
void fill(Tables& c, int32_t child, int32_t flags, int32_t source, bool is_thread) {
  Threads& threads = c.threads;
  threads.set_flags(child, flags);
  int32_t* row = threads.writable(child);
  set_program(c, row);
  row[row_word::kUid] = c.has(16) ? c.word(at(16)) : -1;
  row[row_word::kGid] = c.has(17) ? c.word(at(17)) : -1;
  std::copy_n(c.record + record_word::kTime, 2, row + row_word::kCloneTime);
  const int32_t extra_row = c.extras.make(0, c.now);
  int32_t* extra = extra_row == 0 ? nullptr : c.extras.row(extra_row);
  row[row_word::kExtra] = extra_row;
  if (source == 0) {
    row[row_word::kSid] = row[row_word::kVpgid] = row[row_word::kPgid] = row[row_word::kLoginuid] = -1;
    row[row_word::kCwd] = kEmpty;
  } else {
    const int32_t* from = threads.row(source);
    for (const int32_t word : kInherited) row[word] = from[word];
    const int32_t lead = threads.leader(source);
    row[row_word::kCwd] = lead == 0 ? kEmpty : threads.get(lead, row_word::kCwd);
    row[row_word::kEnv] = from[row_word::kEnv];
    if (extra != nullptr) inherit_extra(extra, c.extras.row(from[row_word::kExtra]), is_thread);
  }
  row[row_word::kContainer] = c.container_of(c.word(kCgroups));
  c.set_faults(child, at(8), at(9), c.has(12));
  if (extra == nullptr) return;
  std::copy_n(c.record + at(7), 2, extra + extra_word::kFdLimit);
  extra[extra_word::kCgroups] = c.word(kCgroups);
  std::copy_n(c.record + at(10), 3, extra + extra_word::kVmSize);
}

void make_child(Tables& c, int32_t caller, bool is_vfork, bool is_known) {
  Threads& threads = c.threads;
  const int32_t flags = c.word(kFlags);
  const int32_t tid = threads[caller].slot;
  if (is_vfork || (flags & kNotFromCaller) != 0 || threads.get(caller, row_word::kVtid) != tid) return;
  const int32_t slot = threads.slot_for(c.wide(kRes));
  if (slot <= 0 || slot == tid || c.recent_exits.has(tid, slot, c.time())) return;
  const int32_t there = threads.find(slot);
  if (there != 0) {
    if ((threads[there].flags & thread_flag::kInverted) != 0) return;
    threads.remove(there);
    // A leader whose threads live on stays; and a dead caller can go with its last thread.
    if (threads.find(slot) != 0 || threads.find(tid) != caller) return;
  }
  const int32_t child = threads.create(slot);
  if (child == 0) return;
  const bool is_thread = (flags & thread_flag::kThread) != 0;
  threads.set_ids(child, is_thread ? threads[caller].pid : slot, is_thread ? threads[caller].ptid : tid);
  fill(c, child, is_thread ? flags | thread_flag::kFiles : flags, is_known ? caller : 0, is_thread);
  threads.set(child, row_word::kVtid, slot);
  threads.set(child, row_word::kVpid, threads[child].pid);
  set_pidns_start(c, child, c.boot_time);
  if (is_known && !is_thread) c.fds.share(c.owner_of(caller, c.lead), child);
  threads.link(child);
}

void caller_side(Tables& c, bool is_vfork) {
  Threads& threads = c.threads;
  if (c.t == 0) {
    const int32_t slot = threads.slot_for(c.tid());
    c.t = threads.find(slot);
    if (c.t == 0) c.t = c.placeholder(slot);
    if (c.t == 0) return;
  }
  const int32_t caller = c.t;
  const bool is_known = !threads.is_invalid(caller);
  if (!is_known) {
    const int32_t tid = threads[caller].slot;
    threads.set_ids(caller, c.slot_at(kPid), c.slot_at(kPtid));
    threads.set(caller, row_word::kVtid, id_or(c, 18, tid));
    threads.set(caller, row_word::kVpid, id_or(c, 19, -1));
    threads.link(caller);
    c.lead = threads.leader(caller);
    // Only now is it known which thread is whose; what it runs is told by the child's parameters.
    set_program(c, threads.writable(caller));
  }
  make_child(c, caller, is_vfork, is_known);
}

/** A thread's leader that nobody told us about: what the thread's event says holds for it as well. */
void describe_leader(Tables& c, int32_t leader) {
  Threads& threads = c.threads;
  threads.set_ids(leader, c.slot_at(kPid), c.slot_at(kPtid));
  const int32_t vpid = id_or(c, 19, -1);
  threads.set(leader, row_word::kVpid, vpid);
  threads.set(leader, row_word::kVtid, vpid);
  set_program(c, threads.writable(leader));
  threads.link(leader);
}

/** Whether the thread in the event's slot is the event's child: its caller's side came first. Else it makes room. */
bool is_there(Tables& c, int32_t slot) {
  Threads& threads = c.threads;
  const int32_t there = threads.find(slot);
  if (there == 0) return false;
  const int64_t born = load<int64_t>(reinterpret_cast<const uint8_t*>(threads.row(there) + row_word::kCloneTime));
  if (born == 0 || c.time() - born >= kRecently) {
    threads.remove(there);
    if (threads.find(slot) == 0) return false;
  }
  c.t = there;
  return true;
}

void child_side(Tables& c) {
  Threads& threads = c.threads;
  const int32_t slot = threads.slot_for(c.tid());
  if (slot <= 0 || is_there(c, slot)) return;
  const int32_t child = threads.create(slot);
  c.t = child;
  if (child == 0) return;
  int32_t flags = c.word(kFlags) | thread_flag::kInverted;
  const bool is_thread = (flags & thread_flag::kThread) != 0;
  if (is_thread) flags |= thread_flag::kFiles;
  const int32_t pid = c.has(4) ? threads.slot_for(c.wide(kPid)) : slot;
  const int32_t ptid = c.slot_at(kPtid);
  threads.set_ids(child, pid, ptid);
  const int32_t from = is_thread ? pid : ptid;
  int32_t source = threads.find(from);
  if (source == 0 && from > 0 && from != slot) source = c.placeholder(from);
  const bool is_other = source != 0 && source != child;
  const bool is_known = is_other && !threads.is_invalid(source);
  if (!is_known && is_thread && is_other) describe_leader(c, source);
  fill(c, child, flags, is_known ? source : 0, is_thread);
  const int32_t vtid = id_or(c, 18, slot);
  threads.set(child, row_word::kVtid, vtid);
  threads.set(child, row_word::kVpid, id_or(c, 19, -1));
  const bool is_inside = (flags & (thread_flag::kChildInPidns | thread_flag::kNewpid)) != 0 || vtid != slot;
  // The start of the pid namespace is given in ns since the machine started.
  const uint64_t since_boot = is_inside && c.has(20) ? static_cast<uint64_t>(c.wide(kPidnsStart)) : 0;
  set_pidns_start(c, child, c.boot_time + since_boot);
  if (is_known && !is_thread) c.fds.share(c.owner_of(source, threads.leader(source)), child);
  threads.link(child);
  c.lead = threads.leader(child);
}

template <bool kIsVfork>
void cloned(Tables& c) {
  const int64_t res = c.wide(kRes);
  if (res == 0) {
    child_side(c);
  } else if (res > 0) {
    caller_side(c, kIsVfork);
  }
}

constexpr uint32_t kParamMask = params({0, 1, 2, 4, 5, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
constexpr uint32_t kWithFaults = kParamMask | params({8, 9});
constexpr Rule kRules[] = {
    {type::kSyscallClone_20X, cloned<false>, kParamMask, {}},
    {type::kSyscallFork_20X, cloned<false>, kParamMask, {}},
    {type::kSyscallVfork_20X, cloned<true>, kParamMask, {}},
    {type::kSyscallClone3X, cloned<false>, kParamMask, {}},
    {type::kSyscallClone_20X, cloned<false>, kWithFaults, {}, annex_part::kFaults},
    {type::kSyscallFork_20X, cloned<false>, kWithFaults, {}, annex_part::kFaults},
    {type::kSyscallVfork_20X, cloned<true>, kWithFaults, {}, annex_part::kFaults},
    {type::kSyscallClone3X, cloned<false>, kWithFaults, {}, annex_part::kFaults},
};

}  // namespace

Rules clone_rules() { return kRules; }

}  // namespace peregrine::state
