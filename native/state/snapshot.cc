// SPDX-License-Identifier: Apache-2.0
#include "snapshot.h"

#include <cstring>
#include <unordered_set>

#include "people.h"
#include "rule.h"

namespace peregrine::state {

namespace {

using Ports = std::unordered_set<uint32_t>;

void store(int32_t* words, int32_t word, uint64_t value) { std::memcpy(words + word, &value, sizeof value); }

void fill_extra(int32_t* extra, const ThreadEntry& entry) {
  store(extra, extra_word::kCapInheritable, entry.cap_inheritable);
  store(extra, extra_word::kCapPermitted, entry.cap_permitted);
  store(extra, extra_word::kCapEffective, entry.cap_effective);
  store(extra, extra_word::kExeIno, entry.exe_ino);
  store(extra, extra_word::kExeCtime, entry.exe_ctime);
  store(extra, extra_word::kExeMtime, entry.exe_mtime);
  store(extra, extra_word::kPidnsStart, entry.pidns_start);
  store(extra, extra_word::kFdLimit, entry.fd_limit);
  extra[extra_word::kCgroups] = entry.cgroups;
  extra[extra_word::kRoot] = entry.root;
  extra[extra_word::kVmSize] = entry.vm_size;
  extra[extra_word::kVmRss] = entry.vm_rss;
  extra[extra_word::kVmSwap] = entry.vm_swap;
}

int32_t add_thread(Tables& c, const ThreadEntry& entry) {
  Threads& threads = c.threads;
  const int32_t slot = threads.slot_for(entry.tid);
  if (slot <= 0 || threads.find(slot) != 0) return 0;
  const int32_t t = threads.create(slot);
  if (t == 0) return 0;
  const int32_t pid = threads.slot_for(entry.pid);
  threads.set_ids(t, pid, threads.slot_for(entry.ptid));
  const int32_t flags = entry.flags;
  threads.set_flags(t, pid == slot ? flags : flags | thread_flag::kFiles | thread_flag::kThread);
  int32_t* row = threads.writable(t);
  row[row_word::kSid] = static_cast<int32_t>(entry.sid);
  row[row_word::kComm] = entry.comm;
  row[row_word::kExe] = entry.exe;
  row[row_word::kExepath] = entry.exepath;
  row[row_word::kArgs] = entry.args;
  row[row_word::kCmdline] = c.strings.cmdline(entry.comm, entry.args);
  row[row_word::kCwd] = entry.cwd == kAbsent ? static_cast<uint32_t>(kEmpty) : c.strings.folder(entry.cwd);
  row[row_word::kUid] = entry.uid;
  row[row_word::kGid] = entry.gid;
  row[row_word::kLoginuid] = entry.loginuid;
  row[row_word::kTty] = entry.tty;
  row[row_word::kPgid] = static_cast<int32_t>(entry.pgid);
  row[row_word::kVpgid] = static_cast<int32_t>(entry.vpgid);
  row[row_word::kVpid] = static_cast<int32_t>(entry.vpid);
  row[row_word::kVtid] = static_cast<int32_t>(entry.vtid);
  row[row_word::kContainer] = c.container_of(entry.cgroups);
  row[row_word::kEnv] = entry.env;
  row[row_word::kExeFlags] = entry.exe_flags;
  const int32_t extra = c.extras.make(0, c.now);
  row[row_word::kExtra] = extra;
  if (extra != 0) fill_extra(c.extras.row(extra), entry);
  if (c.annexes.has_costs()) c.annexes.costs(t) = {entry.pf_major, entry.pf_minor, 0, 0, 0};
  return t;
}

/** The rest of an fd's row. `listening`: ports that some process of the list listens on. */
void describe(Tables& c, int32_t* row, const FdEntry& entry, const Ports& listening) {
  row[fd_word::kDev] = entry.dev;
  store(row, fd_word::kIno, entry.ino);
  row[fd_word::kProtocolRole] = entry.l4;
  row[fd_word::kSocket] = entry.socket;
  Addresses& addresses = c.addresses;
  switch (entry.kind) {
    case fd_kind::kFile:
    case fd_kind::kFileV2:
    case fd_kind::kDirectory:
      row[fd_word::kNameRaw] = entry.name;
      break;
    case fd_kind::kIpv4Servsock:
    case fd_kind::kIpv6Servsock: {
      const uint32_t addr = addresses.canonical(entry.socket);
      const bool is_v4 = addresses.family(addr) == kInet;
      row[fd_word::kSocket] = addr;
      row[fd_word::kKind] = is_v4 ? fd_kind::kIpv4Servsock : fd_kind::kIpv6Servsock;
      row[fd_word::kName] = addresses.address_text(addr);
      row[fd_word::kProtocolRole] = entry.l4 | role::kServer << 8;
      break;
    }
    case fd_kind::kIpv4Sock:
    case fd_kind::kIpv6Sock: {
      // The list has the local end first; who listens there was called, and the caller is to be the source.
      const uint32_t tuple = addresses.canonical(entry.socket);
      const bool is_connection = entry.l4 == l4::kTcp || entry.l4 == l4::kUdp;
      const bool is_server = is_connection && listening.contains(addresses.source_port(tuple));
      const uint32_t socket = is_server ? addresses.swapped(tuple) : tuple;
      const bool is_v4 = addresses.family(socket) == kInet;
      row[fd_word::kSocket] = socket;
      row[fd_word::kKind] = is_v4 ? fd_kind::kIpv4Sock : fd_kind::kIpv6Sock;
      row[fd_word::kName] = addresses.tuple_text(socket, entry.l4);
      row[fd_word::kProtocolRole] = entry.l4 | (!is_connection ? role::kNone : is_server ? role::kServer : role::kClient) << 8;
      break;
    }
    case fd_kind::kUnixSock:
      row[fd_word::kProtocolRole] = (c.strings.is_empty(entry.name) ? role::kClient : role::kServer) << 8;
      break;
    default:
      break;
  }
}

void load_fds(Tables& c, const std::vector<FdEntry>& entries) {
  Ports listening;
  for (const FdEntry& entry : entries) {
    if (entry.kind == fd_kind::kIpv4Servsock || entry.kind == fd_kind::kIpv6Servsock) {
      listening.insert(c.addresses.source_port(entry.socket));
    }
  }
  for (const FdEntry& entry : entries) {
    const int32_t t = c.threads.find(c.threads.slot(entry.tid));
    if (t == 0) continue;
    const int32_t row = c.fd_pool.make(entry.kind, entry.open_flags, entry.name);
    if (row != 0) describe(c, c.fd_pool.row(row), entry, listening);
    const int32_t fd = entry.fd >= 0 && entry.fd <= INT32_MAX ? static_cast<int32_t>(entry.fd) : -1;
    const bool close_on_exec = (entry.open_flags & open_flag::kCloexec) != 0;
    c.fds.set(c.owner_of(t, c.threads.leader(t)), fd, row, close_on_exec);
  }
}

}  // namespace

void load_section(Tables& c, const SectionHeader& header) {
  c.forget_deferred();
  c.recent_exits.clear();
  c.annexes.clear();
  c.threads.remove_all();
  c.boot_time = header.machine ? header.machine->boot_time : 0;
  c.addresses.set_interfaces(header.interfaces);
  for (const UserEntry& user : header.users) put_user(c, kEmpty, user);
  for (const GroupEntry& group : header.groups) put_group(c, kEmpty, group);
  std::vector<int32_t> added;
  for (const ThreadEntry& entry : header.threads) {
    const int32_t t = add_thread(c, entry);
    if (t != 0) added.push_back(t);
  }
  // Parents and leaders can come behind their children in the list.
  for (const int32_t t : added) c.threads.link(t);
  load_fds(c, header.fds);
}

}  // namespace peregrine::state
