// SPDX-License-Identifier: Apache-2.0
#include "header_writer.h"

#include <algorithm>

namespace peregrine {

namespace {

constexpr uint32_t kMagic = 0x1A2B3C4D;
constexpr uint16_t kMajor = 1;
constexpr uint16_t kMinor = 2;
constexpr uint64_t kNoLength = UINT64_MAX;
constexpr size_t kHostname = 128;
constexpr size_t kMachineReserved = 3 * 8;

// Readers refuse longer ones.
constexpr size_t kTextLimit = 1024;
constexpr size_t kVectorLimit = 4096;
constexpr size_t kFdNameLimit = 1023;
constexpr size_t kUserTextLimit = 255;

constexpr uint8_t kUser = 0;
constexpr uint8_t kGroup = 1;
constexpr uint16_t kIpv4Interface = 1;
constexpr uint16_t kIpv6Interface = 2;

enum FdType : uint8_t {
  kUnknown = 0,
  kIpv4 = 3,
  kIpv6 = 4,
  kIpv4Listening = 5,
  kIpv6Listening = 6,
  kUnix = 8,
  kUnsupported = 10,
  kFile = 16,
};

Span span_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

/** Begins an entry that tells its length; finish() fills it in. */
class Entry {
 public:
  Entry(Bytes& list, bool counts_itself) : list_(list), at_(list.size()), counts_itself_(counts_itself) {
    list_.put(uint32_t{0});
  }
  void finish() {
    const size_t size = list_.size() - at_ - (counts_itself_ ? 0 : sizeof(uint32_t));
    list_.patch(at_, static_cast<uint32_t>(size));
  }

 private:
  Bytes& list_;
  size_t at_;
  bool counts_itself_;
};

/** Texts with NULs between them, and one behind the last. */
void put_vector(Bytes& list, Span texts) {
  if (texts.size == 0) {
    list.put(uint16_t{0});
    return;
  }
  const size_t size = std::min(texts.size, kVectorLimit - 1);
  list.put(static_cast<uint16_t>(size + 1)).add({texts.data, size}).put(uint8_t{0});
}

bool write_section(Output& output) {
  Bytes body;
  body.put(kMagic).put(kMajor).put(kMinor).put(kNoLength);
  return write_block(output, block_number::kSection, body.span());
}

bool write_machine(Output& output, const std::optional<MachineEntry>& machine) {
  if (!machine) return true;
  const MachineEntry& entry = *machine;
  Bytes body;
  body.put(entry.cpus).put(entry.memory_bytes).put(entry.max_pid);
  const size_t size = std::min(entry.hostname.size(), kHostname - 1);
  body.add({span_of(entry.hostname).data, size}).fill(kHostname - size, 0);
  body.put(entry.boot_time).fill(kMachineReserved, 0);
  return write_block(output, block_number::kMachine, body.span());
}

bool write_interfaces(Output& output, const std::vector<InterfaceEntry>& interfaces) {
  if (interfaces.empty()) return true;
  Bytes list;
  // IPv4 comes first.
  for (const size_t size : {size_t{4}, size_t{16}}) {
    for (const InterfaceEntry& entry : interfaces) {
      if (entry.address.size() != size) continue;
      const size_t name = std::min(entry.name.size(), kUserTextLimit);
      Entry length(list, false);
      list.put(size == 4 ? kIpv4Interface : kIpv6Interface).put(static_cast<uint16_t>(name));
      for (const std::string* address : {&entry.address, &entry.netmask, &entry.broadcast}) {
        const size_t have = std::min(address->size(), size);
        list.add({span_of(*address).data, have}).fill(size - have, 0);
      }
      list.put(entry.link_speed).add({span_of(entry.name).data, name});
      length.finish();
    }
  }
  return write_block(output, block_number::kInterfaces, list.span());
}

bool write_users(Output& output, const SectionHeader& header, const Interner& names) {
  if (header.users.empty() && header.groups.empty()) return true;
  Bytes list;
  const auto text = [&](uint32_t id) { list.text(names.bytes_of(id), kUserTextLimit); };
  for (const UserEntry& user : header.users) {
    Entry length(list, true);
    list.put(kUser).put(user.uid).put(user.gid);
    for (const uint32_t id : {user.name, user.home, user.shell}) text(id);
    length.finish();
  }
  for (const GroupEntry& group : header.groups) {
    Entry length(list, true);
    list.put(kGroup).put(group.gid);
    text(group.name);
    length.finish();
  }
  return write_block(output, block_number::kUsers, list.span());
}

/** The tail's first two fields came in the middle, later: readers of then would take them for the ones behind. */
void put_tail(Bytes& list, const ThreadEntry& thread, CaptureSchema schema) {
  const auto flag = [&](uint32_t which) { list.put(static_cast<uint8_t>((thread.exe_flags & which) != 0)); };
  if (schema == CaptureSchema::kCurrent) list.put(thread.pidns_start).put(thread.tty);
  list.put(thread.loginuid);
  flag(exe_flag::kWritable);
  list.put(thread.cap_inheritable).put(thread.cap_permitted).put(thread.cap_effective);
  if (schema == CaptureSchema::kLegacy) return;
  flag(exe_flag::kUpperLayer);
  list.put(thread.exe_ino).put(thread.exe_ctime).put(thread.exe_mtime);
  flag(exe_flag::kFromMemfd);
  flag(exe_flag::kLowerLayer);
  list.put(thread.pgid);
}

bool write_threads(Output& output, const SectionHeader& header, const Interner& names, CaptureSchema schema) {
  if (header.threads.empty()) return true;
  Bytes list;
  const auto text = [&](uint32_t id) { list.text(names.bytes_of(id), kTextLimit); };
  for (const ThreadEntry& thread : header.threads) {
    Entry length(list, true);
    list.put(thread.tid).put(thread.pid).put(thread.ptid).put(thread.sid).put(thread.vpgid);
    for (const uint32_t id : {thread.comm, thread.exe, thread.exepath}) text(id);
    put_vector(list, names.bytes_of(thread.args));
    text(thread.cwd);
    list.put(thread.fd_limit).put(thread.flags).put(thread.uid).put(thread.gid);
    list.put(thread.vm_size).put(thread.vm_rss).put(thread.vm_swap).put(thread.pf_major).put(thread.pf_minor);
    put_vector(list, names.bytes_of(thread.env));
    list.put(thread.vtid).put(thread.vpid);
    put_vector(list, names.bytes_of(thread.cgroups));
    text(thread.root);
    put_tail(list, thread, schema);
    length.finish();
  }
  return write_block(output, block_number::kProcesses, list.span());
}

/** The parts of a SOCKTUPLE or SOCKADDR of the internet: lists have the addresses first, then the ports. */
void put_socket(Bytes& list, Span socket, size_t size, bool has_peer, uint8_t l4) {
  const auto part = [&](size_t at, size_t length) { list.add({socket.data + 1 + at, length}); };
  if (has_peer) {
    part(0, size);
    part(size + 2, size);
    part(size, 2);
    part(2 * size + 2, 2);
  } else {
    part(0, size + 2);
  }
  list.put(l4);
}

/** The type an fd is written as: one that the readers know, and that its socket fits. */
uint8_t type_of(const FdEntry& fd, Span socket, CaptureSchema schema) {
  const size_t sizes[] = {1 + 2 * 6, 1 + 2 * 18, 1 + 6, 1 + 18};
  bool fits = schema == CaptureSchema::kCurrent || fd.kind <= kFile;
  if (fd.kind >= kIpv4 && fd.kind <= kIpv6Listening) fits = socket.size == sizes[fd.kind - kIpv4];
  if (fd.kind == kUnix) fits = socket.size > 1 + 2 * 8;
  return fits ? fd.kind : uint8_t{kUnsupported};
}

void put_fd(Bytes& list, const FdEntry& fd, const Interner& names, CaptureSchema schema) {
  const Span socket = names.bytes_of(fd.socket);
  const Span name = names.bytes_of(fd.name);
  const uint8_t type = type_of(fd, socket, schema);
  list.put(fd.fd).put(fd.ino).put(type);
  switch (type) {
    case kUnknown:
      return;
    case kIpv4:
    case kIpv6:
      return put_socket(list, socket, type == kIpv4 ? 4 : 16, true, fd.l4);
    case kIpv4Listening:
    case kIpv6Listening:
      return put_socket(list, socket, type == kIpv4Listening ? 4 : 16, false, fd.l4);
    case kUnix:
      list.add({socket.data + 1, 16}).text(until_nul({socket.data + 17, socket.size - 17}), kFdNameLimit);
      return;
    case kFile:
      list.put(fd.open_flags).text(name, kFdNameLimit).put(fd.dev);
      return;
    default:
      list.text(name, kFdNameLimit);
  }
}

/** One block for each run of entries of the same thread. */
bool write_fds(Output& output, const SectionHeader& header, const Interner& names, CaptureSchema schema) {
  Bytes list;
  for (size_t i = 0; i < header.fds.size();) {
    const int64_t tid = header.fds[i].tid;
    list.clear();
    list.put(tid);
    for (; i < header.fds.size() && header.fds[i].tid == tid; i++) {
      // Older readers do not expect it, and it says nothing.
      if (schema == CaptureSchema::kLegacy && header.fds[i].kind == kUnknown) continue;
      Entry length(list, true);
      put_fd(list, header.fds[i], names, schema);
      length.finish();
    }
    if (!write_block(output, block_number::kFds, list.span())) return false;
  }
  return true;
}

}  // namespace

bool write_header(Output& output, const SectionHeader& header, const Interner& names, CaptureSchema schema) {
  return write_section(output) && write_machine(output, header.machine) &&
         write_interfaces(output, header.interfaces) && write_users(output, header, names) &&
         write_threads(output, header, names, schema) && write_fds(output, header, names, schema);
}

}  // namespace peregrine
