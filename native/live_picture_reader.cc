// SPDX-License-Identifier: Apache-2.0
#include "live_picture_reader.h"

#include <unistd.h>

#include <array>
#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "bytes.h"
#include "layout.generated.h"
#include "live_picture.h"
#include "live_shared.h"
#include "proc_fds.h"

namespace peregrine {

namespace {

constexpr size_t kMostBytes = size_t{1} << 30;
constexpr uint32_t kExiting = 0x4;  // PF_EXITING
constexpr uint32_t kFilesAndThread = 0x1 | 0x2000;  // ThreadFlag FILES and THREAD

/** Order of the parameters of a LIVE_PICTURE_TASK entry. */
enum Task : uint32_t {
  kTid, kPid, kParent, kGroup, kSession, kOwnTid, kOwnPid, kOwnGroup,
  kUid, kGid, kLoginUid, kTerminal, kExeFlags, kSize, kResident, kSwapped,
  kInheritable, kPermitted, kEffective, kExeInode, kExeChanged, kExeModified, kSpaceStart, kFdLimit,
  kFlags, kComm, kExePath, kCwd, kRoot, kCgroups, kVector, kEnvironment,
};

/** Order of the parameters of a LIVE_PICTURE_FILE entry. Those from kFamily on are there for sockets. */
enum File : uint32_t {
  kFd, kInode, kDevice, kOpenFlags, kMode, kLinks, kMagic, kPath, kFamily, kType, kProtocol, kState, kOutbound, kInbound,
};

/** An entry, cut into its parameters. */
struct Entry {
  uint16_t type = 0;
  uint64_t tid = 0;
  std::array<Span, 32> params;

  uint64_t number(uint32_t which) const {
    const Span& bytes = params[which];
    return bytes.size == 8 ? load<uint64_t>(bytes.data) : bytes.size == 4 ? load<uint32_t>(bytes.data) : 0;
  }
  uint32_t small(uint32_t which) const { return static_cast<uint32_t>(number(which)); }
  int64_t id(uint32_t which) const { return static_cast<int64_t>(number(which)); }
  /** A text without NULs at its end. */
  std::string_view text(uint32_t which) const {
    std::string_view text(reinterpret_cast<const char*>(params[which].data), params[which].size);
    while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
    return text;
  }
};

/** The next entry; nothing at the end, or where the bytes are no entry. */
std::optional<Entry> next_entry(Cursor& cursor) {
  Entry entry;
  cursor.bytes(LIVE_PREFIX + sizeof(uint64_t));
  entry.tid = cursor.take<uint64_t>();
  const uint32_t size = cursor.take<uint32_t>();
  entry.type = cursor.take<uint16_t>();
  const uint32_t count = cursor.take<uint32_t>();
  if (cursor.failed() || size < LIVE_HEADER || count > entry.params.size()) return std::nullopt;
  Cursor body(cursor.bytes(size - LIVE_HEADER));
  std::array<uint16_t, 32> sizes{};
  for (uint32_t i = 0; i < count; i++) sizes[i] = body.take<uint16_t>();
  for (uint32_t i = 0; i < count; i++) entry.params[i] = body.bytes(sizes[i]);
  if (cursor.failed() || body.failed()) return std::nullopt;
  return entry;
}

uint32_t intern(Interner& interner, std::string_view text) {
  return interner.intern(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

ThreadEntry thread_of(const Entry& entry, uint64_t boot_time, Interner& interner) {
  ThreadEntry thread;
  thread.tid = entry.id(kTid);
  thread.pid = entry.id(kPid);
  thread.ptid = entry.id(kParent);
  thread.pgid = entry.id(kGroup);
  thread.sid = entry.id(kSession);
  thread.vtid = entry.id(kOwnTid);
  thread.vpid = entry.id(kOwnPid);
  thread.vpgid = entry.id(kOwnGroup);
  thread.uid = entry.small(kUid);
  thread.gid = entry.small(kGid);
  thread.loginuid = entry.small(kLoginUid);
  thread.tty = entry.small(kTerminal);
  thread.exe_flags = entry.small(kExeFlags);
  thread.vm_size = entry.small(kSize);
  thread.vm_rss = entry.small(kResident);
  thread.vm_swap = entry.small(kSwapped);
  thread.cap_inheritable = entry.number(kInheritable);
  thread.cap_permitted = entry.number(kPermitted);
  thread.cap_effective = entry.number(kEffective);
  thread.exe_ino = entry.number(kExeInode);
  thread.exe_ctime = entry.number(kExeChanged);
  thread.exe_mtime = entry.number(kExeModified);
  thread.pidns_start = boot_time + entry.number(kSpaceStart);
  thread.fd_limit = entry.number(kFdLimit);
  thread.comm = intern(interner, entry.text(kComm));
  return thread;
}

/** What is the same for all threads of a process. */
void add_process(const Entry& entry, Interner& interner, ThreadEntry& thread) {
  thread.exepath = intern(interner, entry.text(kExePath));
  thread.cwd = intern(interner, entry.text(kCwd));
  thread.root = intern(interner, entry.text(kRoot));
  thread.cgroups = intern(interner, entry.text(kCgroups));
  const std::string_view vector(reinterpret_cast<const char*>(entry.params[kVector].data), entry.params[kVector].size);
  const size_t exe_end = std::min(vector.find('\0'), vector.size());
  thread.exe = intern(interner, vector.substr(0, exe_end));
  std::string_view args = vector.substr(std::min(exe_end + 1, vector.size()));
  while (!args.empty() && args.back() == '\0') args.remove_suffix(1);
  thread.args = intern(interner, args);
  thread.env = intern(interner, entry.text(kEnvironment));
}

void copy_process(const ThreadEntry& from, ThreadEntry& to) {
  to.exepath = from.exepath;
  to.cwd = from.cwd;
  to.root = from.root;
  to.cgroups = from.cgroups;
  to.exe = from.exe;
  to.args = from.args;
  to.env = from.env;
}

/** Kind, protocol and address of a socket; false for families that nobody asks for. */
bool describe_socket(const Entry& entry, Interner& interner, FdEntry& fd, std::string& name) {
  const uint32_t type = entry.small(kType);
  const uint32_t protocol = entry.small(kProtocol);
  const std::string_view tuple(reinterpret_cast<const char*>(entry.params[kOutbound].data), entry.params[kOutbound].size);
  enum : uint32_t { kUnixFamily = 1, kInet = 2, kInet6 = 10, kNetlinkFamily = 16, kListening = 10, kStream = 1, kRawType = 3 };
  const uint32_t family = entry.small(kFamily);
  if (family == kNetlinkFamily) {
    fd.kind = fd_kind::kNetlink;
    return true;
  }
  if (family == kInet || family == kInet6) {
    const bool is_v6 = family == kInet6;
    const size_t ip = is_v6 ? 16 : 4;
    if (tuple.size() != 1 + 2 * (ip + 2)) return false;
    fd.l4 = static_cast<uint8_t>(type == kRawType ? l4::kRaw : type == kStream ? l4::kTcp : protocol == 1 || protocol == 58 ? l4::kIcmp : l4::kUdp);
    const bool has_remote = tuple.substr(1 + ip + 2).find_first_not_of('\0') != std::string_view::npos;
    const bool is_server = type == kStream ? entry.small(kState) == kListening : !has_remote;
    fd.kind = static_cast<uint8_t>(is_v6 ? (is_server ? fd_kind::kIpv6Servsock : fd_kind::kIpv6Sock) : (is_server ? fd_kind::kIpv4Servsock : fd_kind::kIpv4Sock));
    fd.socket = intern(interner, is_server ? tuple.substr(0, 1 + ip + 2) : tuple);
    return true;
  }
  if (family != kUnixFamily) return false;
  // Its own name, else that of the other end: family, own socket, other socket, name.
  constexpr size_t kName = 17;
  const std::string_view own(reinterpret_cast<const char*>(entry.params[kInbound].data), entry.params[kInbound].size);
  if (own.size() <= kName || tuple.size() <= kName) return false;
  const auto name_of = [](std::string_view address) {
    const std::string_view rest = address.substr(kName);
    return rest.substr(0, std::min(rest.find('\0'), rest.size()));
  };
  name = name_of(own).empty() ? name_of(tuple) : name_of(own);
  fd.kind = fd_kind::kUnixSock;
  fd.socket = intern(interner, std::string(own.substr(0, kName)).append(name).append(1, '\0'));
  return true;
}

void add_file(const Entry& entry, Interner& interner, SectionHeader& header) {
  enum : uint64_t { kAnonymous = 0x09041934, kPipes = 0x50495045, kPidfds = 0x50494446, kSpaces = 0x6e736673, kTmpfs = 0x01021994 };
  enum : uint32_t { kTypeMask = 0170000, kIsSocket = 0140000, kIsDirectory = 0040000, kIsFifo = 0010000 };
  const uint32_t mode = entry.small(kMode) & kTypeMask;
  const uint64_t magic = entry.number(kMagic);
  const std::string bracketed = std::string("[").append(std::to_string(entry.number(kInode))).append("]");
  FdEntry fd;
  fd.tid = static_cast<int64_t>(entry.tid);
  fd.fd = entry.id(kFd);
  fd.ino = entry.number(kInode);
  fd.dev = entry.small(kDevice);
  fd.open_flags = entry.small(kOpenFlags);
  std::string name(entry.text(kPath));
  if (mode == kIsSocket) {
    name.clear();
    if (!describe_socket(entry, interner, fd, name)) return;
    if (fd.kind == fd_kind::kNetlink) name = "socket:" + bracketed;
  } else if (magic == kPipes) {
    fd.kind = fd_kind::kFifo;
    name = "pipe:" + bracketed;
  } else if (magic == kPidfds) {
    fd.kind = fd_kind::kPidfd;
    name = "anon_inode:[pidfd]";
  } else if (magic == kSpaces) {
    fd.kind = fd_kind::kUnsupported;
    name = "ns:" + bracketed;
  } else if (magic == kAnonymous) {
    name.insert(0, "anon_inode:");
    fd.kind = kind_of_link(name);
  } else if (magic == kTmpfs && entry.small(kLinks) == 0 && name.starts_with("memfd:")) {
    fd.kind = fd_kind::kMemfd;
    name.erase(0, 6);
  } else if (!name.starts_with('/')) {
    fd.kind = fd_kind::kUnsupported;
  } else {
    fd.kind = static_cast<uint8_t>(mode == kIsFifo ? fd_kind::kFifo : mode == kIsDirectory ? fd_kind::kDirectory : fd_kind::kFileV2);
  }
  const bool is_inet = fd.kind >= fd_kind::kIpv4Sock && fd.kind <= fd_kind::kIpv6Servsock;
  fd.name = is_inet ? 0 : intern(interner, name);
  header.fds.push_back(fd);
}

/** All that an iterator tells; nothing where it fails. */
std::optional<std::string> read_all(live_iterators* iterators, live_iterator which) {
  const int fd = live_iterators_begin(iterators, which);
  if (fd < 0) return std::nullopt;
  std::string bytes;
  constexpr size_t kPiece = 65536;
  ssize_t got = 0;
  do {
    const size_t had = bytes.size();
    bytes.resize(had + kPiece);
    got = read(fd, bytes.data() + had, kPiece);
    bytes.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
  } while (got > 0 && bytes.size() < kMostBytes);
  close(fd);
  return got < 0 ? std::nullopt : std::optional(std::move(bytes));
}

Cursor cursor_of(const std::string& bytes) {
  return Cursor(Span{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

bool read_picture(live_iterators* iterators, uint64_t boot_time, Interner& interner, SectionHeader& header) {
  const auto tasks = read_all(iterators, LIVE_ITERATOR_TASKS);
  // After the threads: those whose files were read have an entry then, but for such as came in between.
  const auto files = read_all(iterators, LIVE_ITERATOR_FILES);
  if (!tasks || !files) return false;
  std::unordered_map<int64_t, ThreadEntry> leaders;
  std::unordered_set<int64_t> alive;  // processes of which a thread lives
  Cursor cursor = cursor_of(*tasks);
  while (const auto entry = next_entry(cursor)) {
    if (entry->type != LIVE_PICTURE_TASK) continue;
    if ((entry->small(kFlags) & kExiting) == 0) alive.insert(entry->id(kPid));
    if (entry->number(kTid) != entry->number(kPid)) continue;
    ThreadEntry leader = thread_of(*entry, boot_time, interner);
    add_process(*entry, interner, leader);
    leaders.emplace(leader.pid, leader);
  }
  cursor = cursor_of(*tasks);
  while (const auto entry = next_entry(cursor)) {
    // What has begun to end has told so, or is about to: what told so before the picture will not do it again.
    const auto leader = leaders.find(entry->id(kPid));
    if (leader == leaders.end() || !alive.contains(leader->first)) continue;
    if (entry->number(kTid) == entry->number(kPid)) {
      header.threads.push_back(leader->second);
    } else if ((entry->small(kFlags) & kExiting) == 0) {
      ThreadEntry thread = thread_of(*entry, boot_time, interner);
      copy_process(leader->second, thread);
      thread.flags = kFilesAndThread;
      header.threads.push_back(thread);
    }
  }
  cursor = cursor_of(*files);
  while (const auto entry = next_entry(cursor)) {
    if (entry->type == LIVE_PICTURE_FILE && alive.contains(static_cast<int64_t>(entry->tid))) add_file(*entry, interner, header);
  }
  return !header.threads.empty();
}

}  // namespace peregrine
