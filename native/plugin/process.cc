// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

extern char** environ;

namespace peregrine::plugin {

namespace {

enum Word : size_t { kLock, kPid, kSocket, kGeneration, kUsers, kDeadGeneration, kDeadStatus, kKilled };

constexpr int kGraceMs = 3000;

/** A lock in shared words: 0 free, 1 held, 2 held and wanted. */
class Guard {
 public:
  explicit Guard(int32_t* word) : word_(*word), address_(word) {
    int32_t free = 0;
    if (word_.compare_exchange_strong(free, 1)) return;
    while (word_.exchange(2) != 0) syscall(SYS_futex, address_, FUTEX_WAIT_PRIVATE, 2, nullptr, nullptr, 0);
  }
  ~Guard() {
    if (word_.exchange(0) == 2) syscall(SYS_futex, address_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::atomic_ref<int32_t> word_;
  int32_t* address_;
};

}  // namespace

bool SharedProcess::start(const std::string& host, const std::string& library) {
  int sockets[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    error_ = std::string("socketpair: ") + std::strerror(errno);
    return false;
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  // 3 may be taken in this process; dup2 onto itself would leave close-on-exec set, which the two steps avoid.
  const int spare = fcntl(sockets[1], F_DUPFD_CLOEXEC, 10);
  posix_spawn_file_actions_adddup2(&actions, spare, 3);
  // A process group of its own: an interrupt from the terminal is for Peregrine, which still has events to finish.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  std::string name = "peregrine-plugin";
  std::string path = library;
  std::string memory = std::to_string(memory_mb_);
  char* arguments[] = {name.data(), path.data(), memory.data(), nullptr};
  pid_t pid = 0;
  std::string go_procs = "GOMAXPROCS=" + std::to_string(go_procs_);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; entry++) environment.push_back(*entry);
  if (go_procs_ != 0 && std::getenv("GOMAXPROCS") == nullptr) environment.push_back(go_procs.data());
  environment.push_back(nullptr);
  const int failed =
      spare < 0 ? errno : posix_spawn(&pid, host.c_str(), &actions, &attributes, arguments, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (spare >= 0) close(spare);
  close(sockets[1]);
  if (failed != 0) {
    close(sockets[0]);
    error_ = host + ": " + std::strerror(failed);
    return false;
  }
  words_[kPid] = pid;
  words_[kSocket] = sockets[0] + 1;
  words_[kGeneration]++;
  words_[kUsers] = 0;
  return true;
}

bool SharedProcess::send(int memory) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &memory, sizeof memory);
  return sendmsg(words_[kSocket] - 1, &message, MSG_NOSIGNAL) == 1;
}

bool SharedProcess::reap(bool wait) {
  if (words_[kPid] == 0) return true;
  int status = 0;
  pid_t got = 0;
  do {
    got = waitpid(words_[kPid], &status, wait ? 0 : WNOHANG);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return false;
  words_[kDeadGeneration] = words_[kGeneration];
  words_[kDeadStatus] = got < 0 ? 0 : status;
  words_[kPid] = 0;
  close(words_[kSocket] - 1);
  words_[kSocket] = 0;
  return true;
}

int32_t SharedProcess::join(const std::string& host, const std::string& library, int memory) {
  const Guard guard(&words_[kLock]);
  const bool fresh = reap(false);
  if (fresh && !start(host, library)) return 0;
  if (!send(memory)) {
    // It has just ended. One that ran before gives way to another; of one that has hardly begun its user learns how it died.
    ::kill(words_[kPid], SIGKILL);
    reap(true);
    if (fresh) return words_[kGeneration];
    if (!start(host, library)) return 0;
    if (!send(memory)) {
      ::kill(words_[kPid], SIGKILL);
      reap(true);
      return words_[kGeneration];
    }
  }
  words_[kUsers]++;
  return words_[kGeneration];
}

void SharedProcess::leave(int32_t generation) {
  const Guard guard(&words_[kLock]);
  if (generation != words_[kGeneration] || words_[kPid] == 0 || --words_[kUsers] > 0) return;
  shutdown(words_[kSocket] - 1, SHUT_RDWR);
  for (int waited = 0; waited < kGraceMs; waited += 2) {
    if (reap(false)) return;
    usleep(2000);
  }
  ::kill(words_[kPid], SIGKILL);
  reap(true);
}

bool SharedProcess::dead(int32_t generation, Death& death) {
  const Guard guard(&words_[kLock]);
  if (generation == words_[kGeneration] && !reap(false)) return false;
  if (words_[kDeadGeneration] == generation) {
    death.status = words_[kDeadStatus];
    death.killed = words_[kKilled] == generation;
  }
  return true;
}

uint64_t SharedProcess::cpu_ns(int32_t generation) {
  const Guard guard(&words_[kLock]);
  clockid_t clock = 0;
  timespec time{};
  if (generation != words_[kGeneration] || reap(false) || clock_getcpuclockid(words_[kPid], &clock) != 0) return 0;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

void SharedProcess::kill(int32_t generation) {
  const Guard guard(&words_[kLock]);
  if (generation != words_[kGeneration] || reap(false)) return;
  words_[kKilled] = generation;
  ::kill(words_[kPid], SIGKILL);
  reap(true);
}

}  // namespace peregrine::plugin
