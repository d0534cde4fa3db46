// SPDX-License-Identifier: Apache-2.0
#include "header.h"

namespace peregrine {

namespace {

constexpr size_t kTextLimit = 1024;
constexpr size_t kVectorLimit = 4096;
/** loginuid, exe_writable and three capability sets: all that a tail has without pid namespace start and tty. */
constexpr size_t kOldTail = 29;

uint32_t intern_text(Interner& interner, Span text) { return interner.intern(until_nul(text)); }
uint32_t intern_vector(Interner& interner, Span text) { return interner.intern(without_final_nuls(text)); }

uint64_t value_of(Cursor& entry) { return entry.optional<uint64_t>(0); }
uint32_t flag_of(Cursor& entry, uint32_t flag) { return entry.optional<uint8_t>(0) != 0 ? flag : 0; }

/** The fields that were added to V9 entries in the course of time: each is there as far as the entry's length reaches. */
void read_tail(Cursor& entry, ThreadEntry& thread) {
  // The first two were inserted in the middle of the format's life; by size one tells whether they are there.
  if (entry.left() > kOldTail) {
    thread.pidns_start = value_of(entry);
    thread.tty = entry.optional<uint32_t>(0);
  }
  thread.loginuid = entry.optional<uint32_t>(UINT32_MAX);
  thread.exe_flags |= flag_of(entry, exe_flag::kWritable);
  thread.cap_inheritable = value_of(entry);
  thread.cap_permitted = value_of(entry);
  thread.cap_effective = value_of(entry);
  thread.exe_flags |= flag_of(entry, exe_flag::kUpperLayer);
  thread.exe_ino = value_of(entry);
  thread.exe_ctime = value_of(entry);
  thread.exe_mtime = value_of(entry);
  thread.exe_flags |= flag_of(entry, exe_flag::kFromMemfd);
  thread.exe_flags |= flag_of(entry, exe_flag::kLowerLayer);
  thread.pgid = entry.optional<int64_t>(-1);
}

void read_thread(Cursor& entry, unsigned version, Interner& interner, ThreadEntry& thread) {
  thread.tid = entry.take<int64_t>();
  thread.pid = entry.take<int64_t>();
  thread.ptid = entry.take<int64_t>();
  if (version >= 6) thread.sid = entry.take<int64_t>();
  if (version >= 8) thread.vpgid = entry.take<int64_t>();
  thread.comm = intern_text(interner, entry.text(kTextLimit));
  thread.exe = intern_text(interner, entry.text(kTextLimit));
  if (version >= 7) thread.exepath = intern_text(interner, entry.text(kTextLimit));
  thread.args = intern_vector(interner, entry.text(kVectorLimit));
  thread.cwd = intern_text(interner, entry.text(kTextLimit));
  thread.fd_limit = entry.take<uint64_t>();
  thread.flags = entry.take<uint32_t>();
  thread.uid = entry.take<uint32_t>();
  thread.gid = entry.take<uint32_t>();
  if (version >= 2) {
    thread.vm_size = entry.take<uint32_t>();
    thread.vm_rss = entry.take<uint32_t>();
    thread.vm_swap = entry.take<uint32_t>();
    thread.pf_major = entry.take<uint64_t>();
    thread.pf_minor = entry.take<uint64_t>();
  }
  if (version >= 3) thread.env = intern_vector(interner, entry.text(kVectorLimit));
  if (version >= 4) {
    thread.vtid = entry.take<int64_t>();
    thread.vpid = entry.take<int64_t>();
    thread.cgroups = intern_vector(interner, entry.text(kVectorLimit));
  }
  if (version >= 5) thread.root = intern_text(interner, entry.text(kTextLimit));
  if (version >= 9) read_tail(entry, thread);
}

}  // namespace

bool read_processes(Span body, unsigned version, Interner& interner, SectionHeader& header, size_t& position) {
  Cursor list(body);
  while (has_entry(list)) {
    position = list.position();
    Cursor entry = entry_cursor(list, version >= 9, true);
    ThreadEntry thread;
    read_thread(entry, version, interner, thread);
    if (list.failed() || entry.failed()) return false;
    if (version < 9) list = entry;
    header.threads.push_back(thread);
  }
  return true;
}

}  // namespace peregrine
