// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <cstring>
#include <unordered_set>

#include "rule.h"

namespace peregrine::state {

namespace {

using Ports = std::unordered_set<uint32_t>;

uint64_t wide(const int32_t* words, int32_t word) {
  uint64_t value;
  std::memcpy(&value, words + word, sizeof value);
  return value;
}

bool is_listening(int32_t kind) { return kind == fd_kind::kIpv4Servsock || kind == fd_kind::kIpv6Servsock; }

void add_extra(ThreadEntry& entry, const int32_t* extra) {
  entry.cap_inheritable = wide(extra, extra_word::kCapInheritable);
  entry.cap_permitted = wide(extra, extra_word::kCapPermitted);
  entry.cap_effective = wide(extra, extra_word::kCapEffective);
  entry.exe_ino = wide(extra, extra_word::kExeIno);
  entry.exe_ctime = wide(extra, extra_word::kExeCtime);
  entry.exe_mtime = wide(extra, extra_word::kExeMtime);
  entry.pidns_start = wide(extra, extra_word::kPidnsStart);
  entry.fd_limit = wide(extra, extra_word::kFdLimit);
  entry.cgroups = static_cast<uint32_t>(extra[extra_word::kCgroups]);
  entry.root = static_cast<uint32_t>(extra[extra_word::kRoot]);
  entry.vm_size = static_cast<uint32_t>(extra[extra_word::kVmSize]);
  entry.vm_rss = static_cast<uint32_t>(extra[extra_word::kVmRss]);
  entry.vm_swap = static_cast<uint32_t>(extra[extra_word::kVmSwap]);
}

ThreadEntry thread_entry(Tables& c, int32_t t) {
  const Thread& thread = c.threads[t];
  const int32_t* row = c.threads.row(t);
  const auto text = [&](int32_t word) { return static_cast<uint32_t>(row[word]); };
  ThreadEntry entry;
  entry.tid = thread.slot;
  entry.pid = thread.pid;
  entry.ptid = thread.ptid;
  entry.sid = row[row_word::kSid];
  entry.vpgid = row[row_word::kVpgid];
  entry.pgid = row[row_word::kPgid];
  entry.vtid = row[row_word::kVtid];
  entry.vpid = row[row_word::kVpid];
  entry.flags = static_cast<uint32_t>(thread.flags);
  entry.uid = text(row_word::kUid);
  entry.gid = text(row_word::kGid);
  entry.loginuid = text(row_word::kLoginuid);
  entry.tty = text(row_word::kTty);
  entry.comm = text(row_word::kComm);
  entry.exe = text(row_word::kExe);
  entry.exepath = text(row_word::kExepath);
  entry.args = text(row_word::kArgs);
  entry.cwd = text(row_word::kCwd);
  entry.env = text(row_word::kEnv);
  entry.exe_flags = text(row_word::kExeFlags);
  const int32_t extra = row[row_word::kExtra];
  if (extra != 0) add_extra(entry, c.extras.row(extra));
  if (c.annexes.has_costs()) {
    entry.pf_major = c.annexes.costs(t).pf_major;
    entry.pf_minor = c.annexes.costs(t).pf_minor;
  }
  return entry;
}

FdEntry fd_entry(Tables& c, int32_t t, int32_t fd, const int32_t* row, const Ports& listening) {
  FdEntry entry;
  entry.tid = c.threads[t].slot;
  entry.fd = fd;
  entry.kind = static_cast<uint8_t>(row[fd_word::kKind]);
  entry.ino = wide(row, fd_word::kIno);
  entry.dev = static_cast<uint32_t>(row[fd_word::kDev]);
  entry.l4 = static_cast<uint8_t>(row[fd_word::kProtocolRole]);
  entry.open_flags = static_cast<uint32_t>(row[fd_word::kOpenFlags]) & ~static_cast<uint32_t>(open_flag::kCloexec);
  if (c.fds.closes_on_exec(t, fd)) entry.open_flags |= open_flag::kCloexec;
  entry.name = static_cast<uint32_t>(row[fd_word::kName]);
  entry.socket = static_cast<uint32_t>(row[fd_word::kSocket]);
  const bool is_internet = entry.kind == fd_kind::kIpv4Sock || entry.kind == fd_kind::kIpv6Sock;
  // A list has the local end first; a reader finds out who was called from who listens. Where nobody does any more, the
  // caller stays first.
  if (is_internet && row[fd_word::kProtocolRole] >> 8 == role::kServer) {
    const uint32_t local_first = c.addresses.swapped(entry.socket);
    if (listening.contains(c.addresses.source_port(local_first))) entry.socket = local_first;
  }
  return entry;
}

/** Whether a thread is one that a list can have. */
bool is_shown(Tables& c, int32_t t) {
  const Thread& thread = c.threads[t];
  return thread.row != 0 && thread.slot > 0 && thread.slot < kTidLimit && !c.threads.is_invalid(t) && !c.is_ending(t);
}

/** Calls visit(thread, fd, row) for every fd that is open behind the last event. */
template <typename Visit>
void each_fd(Tables& c, Visit visit) {
  for (int32_t t = 1; t < c.threads.end(); t++) {
    if (!is_shown(c, t)) continue;
    c.fds.each(t, [&](int32_t fd, int32_t row) {
      if (row != 0 && !c.is_closing(t, fd)) visit(t, fd, c.fd_pool.row(row));
    });
  }
}

}  // namespace

SectionHeader picture(Tables& c, const SectionHeader& base) {
  SectionHeader header;
  header.machine = base.machine;
  header.interfaces = base.interfaces;
  header.users = base.users;
  header.groups = base.groups;
  for (int32_t t = 1; t < c.threads.end(); t++) {
    if (is_shown(c, t)) header.threads.push_back(thread_entry(c, t));
  }
  Ports listening;
  each_fd(c, [&](int32_t, int32_t, const int32_t* row) {
    if (is_listening(row[fd_word::kKind])) listening.insert(c.addresses.source_port(static_cast<uint32_t>(row[fd_word::kSocket])));
  });
  each_fd(c, [&](int32_t t, int32_t fd, const int32_t* row) { header.fds.push_back(fd_entry(c, t, fd, row, listening)); });
  return header;
}

}  // namespace peregrine::state
