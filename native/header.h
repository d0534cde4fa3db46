// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "block.h"
#include "interner.h"

namespace peregrine {

/* What the first blocks of a section tell; src/capture/source.ts has the same for JavaScript. Ids are the dictionary's. */

struct MachineEntry {
  uint32_t cpus = 0;
  uint64_t memory_bytes = 0;
  uint64_t max_pid = 0;
  std::string hostname;
  uint64_t boot_time = 0;
};

struct InterfaceEntry {
  std::string address;
  std::string netmask;
  std::string broadcast;
  uint64_t link_speed = 0;
  std::string name;
};

struct UserEntry {
  uint32_t uid;
  uint32_t gid;
  uint32_t name;
  uint32_t home;
  uint32_t shell;
};

struct GroupEntry {
  uint32_t gid;
  uint32_t name;
};

struct ThreadEntry {
  int64_t tid = -1, pid = -1, ptid = -1, sid = -1, vpgid = -1, pgid = -1, vtid = -1, vpid = -1;
  uint32_t flags = 0, uid = 0, gid = 0, loginuid = UINT32_MAX, tty = 0;
  uint32_t comm = 1, exe = 1, exepath = 1, args = 1, cwd = 1, root = 1, env = 1, cgroups = 1;
  uint64_t fd_limit = 0;
  uint32_t vm_size = 0, vm_rss = 0, vm_swap = 0;
  uint64_t pf_major = 0, pf_minor = 0;
  uint32_t exe_flags = 0;  // of exe_flag
  uint64_t cap_inheritable = 0, cap_permitted = 0, cap_effective = 0;
  uint64_t exe_ino = 0, exe_ctime = 0, exe_mtime = 0, pidns_start = 0;
};

struct FdEntry {
  int64_t tid = 0;
  int64_t fd = 0;
  uint64_t ino = 0;
  uint8_t kind = 0;
  uint32_t socket = 0;
  uint8_t l4 = 0;
  uint32_t open_flags = 0;
  uint32_t dev = 0;
  uint32_t name = 0;
};

struct SectionHeader {
  std::optional<MachineEntry> machine;
  std::vector<InterfaceEntry> interfaces;
  std::vector<UserEntry> users;
  std::vector<GroupEntry> groups;
  std::vector<ThreadEntry> threads;
  std::vector<FdEntry> fds;
};

/** How the header blocks ended. */
enum class HeaderStatus : uint8_t { kEvents, kEnd, kFailed };

/** Reads the blocks of a section up to its first event; the first one must be a section header. */
HeaderStatus read_header(Input& input, Interner& interner, SectionHeader& header, Failure& failure);

/* The lists: each appends a block's entries, false where one is bad; `position` is then the body offset of that entry. */
bool read_processes(Span body, unsigned version, Interner& interner, SectionHeader& header, size_t& position);
bool read_fds(Span body, unsigned version, Interner& interner, SectionHeader& header, size_t& position);
bool read_interfaces(Span body, unsigned version, SectionHeader& header, size_t& position);
bool read_users(Span body, unsigned version, Interner& interner, SectionHeader& header, size_t& position);

/** True where another entry follows: what is left is neither padding nor the few bytes that some writers declare too many. */
inline bool has_entry(const Cursor& list) {
  if (list.left() >= 8) return true;
  uint8_t any = 0;
  for (size_t i = 0; i < list.left(); i++) any |= list.at()[i];
  return list.left() >= 4 && any != 0;
}

/**
 * The rest of a list entry that may begin with its own length (`includes_itself` or not): a cursor over exactly the
 * entry's bytes, or over all of the list where `has_length` is false. Fails the list's cursor on a bad length.
 */
inline Cursor entry_cursor(Cursor& list, bool has_length, bool includes_itself) {
  if (!has_length) return list;
  uint32_t length = list.take<uint32_t>();
  if (includes_itself) {
    if (length < sizeof(uint32_t)) list.fail();
    length -= sizeof(uint32_t);
  }
  return Cursor(list.failed() ? Span{} : list.bytes(length));
}

}  // namespace peregrine
