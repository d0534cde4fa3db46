// SPDX-License-Identifier: Apache-2.0
#include "proc_fds.h"

#include <fcntl.h>

#include "layout.generated.h"
#include "proc_files.h"

namespace peregrine {

namespace {

constexpr size_t kMostFds = 65536;

struct Named {
  std::string_view name;
  int32_t kind;
};

constexpr Named kAnonymous[] = {
    {"anon_inode:[eventfd]", fd_kind::kEvent},         {"anon_inode:[eventpoll]", fd_kind::kEventpoll},
    {"anon_inode:inotify", fd_kind::kInotify},         {"anon_inode:[signalfd]", fd_kind::kSignalfd},
    {"anon_inode:[timerfd]", fd_kind::kTimerfd},       {"anon_inode:[io_uring]", fd_kind::kIoUring},
    {"anon_inode:[userfaultfd]", fd_kind::kUserfaultfd}, {"anon_inode:[pidfd]", fd_kind::kPidfd},
    {"pidfd:", fd_kind::kPidfd},                       {"anon_inode:bpf", fd_kind::kBpf},
    {"anon_inode:[perf_event]", fd_kind::kUnsupported},
};

/** Open flags as events have them (PPM_O_*), from those of /proc/PID/fdinfo. */
uint32_t open_flags(uint64_t flags) {
  uint32_t out = (flags & O_ACCMODE) == O_RDONLY ? 1 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 3;
  const auto map = [&](uint64_t from, uint32_t to) {
    if ((flags & from) == from) out |= to;
  };
  map(O_APPEND, 0x8);
  map(O_NONBLOCK, 0x40);
  map(O_DSYNC, 0x10);
  map(O_SYNC, 0x80);
#ifdef __linux__
  map(O_DIRECT, 0x200);
  map(0200000, 0x400);   // O_DIRECTORY
  map(0100000, 0x800);   // O_LARGEFILE
#endif
  map(O_CLOEXEC, 0x1000);
  return out;
}

}  // namespace

uint8_t kind_of_link(std::string_view link) {
  for (const Named& entry : kAnonymous) {
    if (link.starts_with(entry.name)) return static_cast<uint8_t>(entry.kind);
  }
  return fd_kind::kUnsupported;
}

void read_open_files(const std::string& process, int64_t tid, Sockets& sockets, Interner& interner, SectionHeader& header) {
  const std::string folder = process + "/fd/";
  size_t count = 0;
  for (const int64_t number : numbers_in(folder)) {
    if (++count > kMostFds) return;
    const std::string path = folder + std::to_string(number);
    const std::string link = read_link(path);
    if (link.empty()) continue;
    FdEntry fd;
    fd.tid = tid;
    fd.fd = number;
    fd.open_flags = open_flags(number_at(value_of(read_text(process + "/fdinfo/" + std::to_string(number), 4096), "flags"), 8));
    struct stat status = {};
    if (stat(path.c_str(), &status) == 0) {
      fd.ino = status.st_ino;
      fd.dev = device_number(status.st_dev);
    }
    std::string name = link;
    if (link.starts_with("socket:[")) {
      const SocketFacts* facts = sockets.find(process, fd.ino);
      if (facts == nullptr) continue;
      fd.kind = facts->kind;
      fd.l4 = facts->l4;
      fd.socket = facts->address.empty() ? 0 : interner.intern(reinterpret_cast<const uint8_t*>(facts->address.data()), facts->address.size());
      name = facts->name;
    } else if (link.starts_with("pipe:[") || S_ISFIFO(status.st_mode)) {
      fd.kind = fd_kind::kFifo;
    } else if (link.starts_with("/memfd:")) {
      fd.kind = fd_kind::kMemfd;
      name = link.substr(7, link.size() - 7 - (link.ends_with(" (deleted)") ? 10 : 0));
    } else if (link[0] != '/') {
      fd.kind = kind_of_link(link);
    } else {
      fd.kind = static_cast<uint8_t>(S_ISDIR(status.st_mode) ? fd_kind::kDirectory : fd_kind::kFileV2);
      if (name.ends_with(" (deleted)") && status.st_nlink == 0) name.resize(name.size() - 10);
    }
    const bool is_inet = fd.kind >= fd_kind::kIpv4Sock && fd.kind <= fd_kind::kIpv6Servsock;
    fd.name = is_inet ? 0 : interner.intern(reinterpret_cast<const uint8_t*>(name.data()), name.size());
    header.fds.push_back(fd);
  }
}

}  // namespace peregrine
