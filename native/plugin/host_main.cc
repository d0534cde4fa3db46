// SPDX-License-Identifier: Apache-2.0
// The process in which a plugin's library runs: plugin_host LIBRARY. Descriptor 3 is a socket over which Peregrine sends a
// memfd for each channel; when it is closed, because Peregrine has ended in whatever way, this process ends.
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "host_loop.h"

namespace peregrine::plugin {
namespace {

constexpr int kSocket = 3;
constexpr int kGraceMs = 2000;
/** Stacks of threads count whole. */
constexpr rlim_t kOwnMib = 192;

/**
 * Nothing that is executed from here on gains rights, and of root's rights those stay that a source of events may need:
 * reading any file, and low ports.
 */
void drop_privileges() {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const uint64_t keep = (uint64_t{1} << CAP_DAC_OVERRIDE) | (uint64_t{1} << CAP_DAC_READ_SEARCH) |
                        (uint64_t{1} << CAP_NET_BIND_SERVICE);
  for (int cap = 0; cap <= 63; cap++) {
    if ((keep >> cap & 1) == 0) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return;
  for (int i = 0; i < 2; i++) {
    const auto mask = static_cast<uint32_t>(keep >> (32 * i));
    sets[i].permitted &= mask;
    sets[i].effective &= mask;
    sets[i].inheritable = 0;
  }
  syscall(SYS_capset, &header, sets);
}

/**
 * What the library allocates ends at so many MiB beyond what the process itself needs: an allocation fails then, of which a
 * library that does not expect it dies. Channels are shared memory, and do not count.
 */
void bound_memory(const char* mib) {
  const rlim_t bound = std::strtoull(mib, nullptr, 10);
  if (bound == 0) return;
  const rlimit limit{(bound + kOwnMib) << 20, (bound + kOwnMib) << 20};
  setrlimit(RLIMIT_DATA, &limit);
}

/** A duplicate that the kernel makes for a message is ours alone to close. */
int receive_descriptor() {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(kSocket, &message, MSG_CMSG_CLOEXEC);
  if (got <= 0) return got < 0 && errno == EINTR ? -2 : -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -2;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}

struct Served {
  Channel* channel = nullptr;
  std::thread thread;
};

void drop_left(std::vector<std::unique_ptr<Served>>& all) {
  for (auto& served : all) {
    if (served->channel->left.load(std::memory_order_acquire) == 0) continue;
    served->thread.join();
    munmap(served->channel, Channel::kBytes);
    served->channel = nullptr;
  }
  std::erase_if(all, [](const auto& served) { return served->channel == nullptr; });
}

int run(const char* path, const char* memory_mib) {
  signal(SIGPIPE, SIG_IGN);
  syscall(SYS_close_range, kSocket + 1, ~0u, 0);
  fcntl(kSocket, F_SETFD, FD_CLOEXEC);
  // What a plugin prints must not come between the alerts.
  dup2(STDERR_FILENO, STDOUT_FILENO);
  drop_privileges();
  bound_memory(memory_mib);

  // Never destroyed: threads of the library may run to the very end.
  auto* library = new Library();
  const bool loaded = library->load(path);
  std::vector<std::unique_ptr<Served>> all;
  for (;;) {
    pollfd wait{kSocket, POLLIN, 0};
    const int ready = poll(&wait, 1, 1000);
    drop_left(all);
    if (ready <= 0) continue;
    const int descriptor = receive_descriptor();
    if (descriptor == -1) break;
    if (descriptor < 0) continue;
    struct stat info {};
    void* memory = MAP_FAILED;
    if (fstat(descriptor, &info) == 0 && static_cast<size_t>(info.st_size) == Channel::kBytes) {
      memory = mmap(nullptr, Channel::kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    close(descriptor);
    if (memory == MAP_FAILED) continue;
    auto served = std::make_unique<Served>();
    served->channel = static_cast<Channel*>(memory);
    Channel& channel = *served->channel;
    served->thread = std::thread([library, loaded, &channel] { serve_channel(*library, loaded, channel); });
    all.push_back(std::move(served));
  }

  // The engine is gone: states are destroyed if that takes no longer than the grace.
  for (auto& served : all) {
    served->channel->closed.store(1, std::memory_order_release);
    served->channel->to_plugin.ring();
  }
  for (int waited = 0; waited < kGraceMs && !all.empty(); waited += 5) {
    drop_left(all);
    if (!all.empty()) usleep(5000);
  }
  std::fflush(nullptr);
  _exit(0);
}

}  // namespace
}  // namespace peregrine::plugin

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "plugin_host runs a plugin's library for Peregrine, which starts it; it is of no use alone\n");
    return 2;
  }
  return peregrine::plugin::run(argv[1], argv[2]);
}
