// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <utility>

#include "container_id.h"

namespace peregrine::state {

namespace {

/** Process trees have few distinct control groups, so each is looked at once. */
constexpr size_t kMostCgroups = 4096;

}  // namespace

Tables::Tables(Interner& interner, const TableMemory& memory, AnnexDemand annex)
    : ring(memory.ring),
      strings(interner),
      threads(memory.heads, memory.rows, memory.row_count, *this),
      extras(memory.extras, memory.extra_count),
      fd_pool(memory.fds, memory.fd_count),
      users(memory.users),
      groups(memory.groups),
      containers(memory.containers),
      annexes(std::move(annex)) {}

void Tables::erased(int32_t thread) {
  fds.clear(thread);
  annexes.forget(thread);
  extras.release(threads.get(thread, row_word::kExtra), now);
  if (closing_owner_ == thread) closing_owner_ = 0;
}

void Tables::apply_deferred() {
  if (ending_thread_ != 0) {
    const int32_t thread = ending_thread_;
    ending_thread_ = 0;
    recent_exits.add(threads[thread].ptid, threads[thread].slot, ending_time_);
    threads.remove(thread);
  }
  if (closing_fd_ >= 0) {
    if (closing_owner_ != 0) fds.remove(closing_owner_, closing_fd_);
    closing_owner_ = 0;
    closing_fd_ = -1;
  }
}

int32_t Tables::placeholder(int32_t slot) {
  const int32_t made = threads.create(slot);
  if (made == 0) return 0;
  threads.set_ids(made, -1, -1);
  int32_t* row = threads.writable(made);
  row[row_word::kComm] = row[row_word::kExe] = row[row_word::kCmdline] = strings.na();
  row[row_word::kCwd] = kEmpty;
  row[row_word::kContainer] = strings.host();
  for (const int32_t word : {row_word::kUid, row_word::kGid, row_word::kLoginuid, row_word::kSid, row_word::kPgid,
                             row_word::kVpgid, row_word::kVpid, row_word::kVtid}) {
    row[word] = -1;
  }
  threads.set_flags(made, thread_flag::kNameChanged);
  return made;
}

uint32_t Tables::directory(int32_t dirfd) {
  if (dirfd == kAtFdcwd) return cwd();
  const int32_t row = fds.get(owner(), dirfd);
  return row == 0 ? strings.unknown() : fd_pool.row(row)[fd_word::kName];
}

void Tables::add_fd(int32_t number, int32_t row, bool close_on_exec) {
  const int32_t of = owner();
  const int32_t old = of == 0 ? 0 : fds.get(of, number);
  const int32_t old_name = old == 0 ? kAbsent : fd_pool.row(old)[fd_word::kName];
  fd = number;
  fd_row = 0;
  if (!fds.set(of, number, row, close_on_exec)) return;
  fd_row = row;
  const int32_t name = fd_word(fd_word::kName);
  if (name != old_name && !strings.is_empty(name)) is_name_changed = true;
}

int32_t Tables::copy_fd() {
  const int32_t row = fd_pool.copy(fd_row);
  if (row == 0) fds.refuse();
  return row;
}

void Tables::replace_fd(int32_t row) {
  const int32_t of = owner();
  const int32_t old_name = fd_word(fd_word::kName);
  if (!fds.set(of, fd, row, fds.closes_on_exec(of, fd))) return;
  fd_row = row;
  if (fd_word(fd_word::kName) != old_name) is_name_changed = true;
}

int32_t* Tables::writable_extra(int32_t thread) {
  int32_t* row = threads.writable(thread);
  const int32_t extra = extras.change(row[row_word::kExtra], now);
  row[row_word::kExtra] = extra;
  return extra == 0 ? nullptr : extras.row(extra);
}

int32_t Tables::container_of(int32_t cgroups) {
  if (cgroups == kAbsent || !knows_containers) return strings.host();
  const auto known = containers_of_cgroups_.find(cgroups);
  if (known != containers_of_cgroups_.end()) return known->second;
  const Span text = strings.bytes(cgroups);
  const std::string_view id = container_id({reinterpret_cast<const char*>(text.data), text.size});
  const int32_t container = strings.intern(Span{reinterpret_cast<const uint8_t*>(id.data()), id.size()});
  if (containers_of_cgroups_.size() >= kMostCgroups) containers_of_cgroups_.clear();
  containers_of_cgroups_[cgroups] = container;
  return container;
}

void Tables::compact_lookups() {
  users.compact();
  groups.compact();
  containers.compact();
}

void Tables::clear_lookups() {
  users.clear();
  groups.clear();
  containers.clear();
}

void Tables::mark(uint8_t* marks) {
  strings.mark(marks);
  for (int32_t thread = 1; thread < threads.end(); thread++) {
    if (threads[thread].row == 0) continue;
    const int32_t* row = threads.row(thread);
    for (const int32_t word : {row_word::kComm, row_word::kExe, row_word::kExepath, row_word::kArgs,
                               row_word::kCmdline, row_word::kCwd, row_word::kContainer, row_word::kEnv}) {
      marks[row[word]] = 1;
    }
    const int32_t* extra = extras.row(row[row_word::kExtra]);
    marks[extra[extra_word::kCgroups]] = 1;
    marks[extra[extra_word::kRoot]] = 1;
    marks[threads[thread].enter_name] = 1;
    fds.each(thread, [&](int32_t, int32_t row_of_fd) {
      const int32_t* words = fd_pool.row(row_of_fd);
      for (const int32_t word : {fd_word::kName, fd_word::kNameRaw, fd_word::kSocket}) marks[words[word]] = 1;
    });
  }
  users.mark(marks, {user_word::kName, user_word::kHome, user_word::kShell});
  groups.mark(marks, {group_word::kName});
  containers.mark(marks, {container_word::kJson});
}

void Tables::forget() {
  strings.forget();
  addresses.forget();
  containers_of_cgroups_.clear();
}

}  // namespace peregrine::state
