// SPDX-License-Identifier: Apache-2.0
#include "proc_threads.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>

#include "proc_files.h"

namespace peregrine {

namespace {

constexpr size_t kVectorLimit = 4096;
constexpr uint32_t kFilesAndThread = 0x1 | 0x2000;  // ThreadFlag FILES and THREAD
enum ExeFlag : uint32_t { kWritable = 1, kFromMemfd = 4 };

uint32_t intern(Interner& interner, std::string_view text) {
  return interner.intern(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

/** The last of the numbers of a line: the one in the innermost name space. */
int64_t last_number(std::string_view line) {
  const auto words = words_of(line);
  return words.empty() ? -1 : static_cast<int64_t>(number_at(words.back()));
}

std::string_view without_nuls(std::string_view text) {
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

/** Control groups as events have them: one "controller=path" for each of those that the kernel's programs tell as well. */
std::string cgroups_of(const std::string& text) {
  static constexpr std::array<std::string_view, 5> kControllers = {"cpuset", "cpu", "cpuacct", "io", "memory"};
  std::array<std::string_view, 5> paths;
  std::string_view unified = "/";
  for_each_line(text, [&](std::string_view line) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return;
    std::string_view names = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (names.empty()) unified = path;
    while (!names.empty()) {
      const size_t comma = std::min(names.find(','), names.size());
      std::string_view name = names.substr(0, comma);
      if (name == "blkio") name = "io";
      for (size_t i = 0; i < kControllers.size(); i++) {
        if (kControllers[i] == name) paths[i] = path;
      }
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
  });
  std::string out;
  for (size_t i = 0; i < kControllers.size(); i++) {
    out.append(kControllers[i]).append("=").append(paths[i].empty() ? unified : paths[i]).push_back('\0');
  }
  out.pop_back();
  return out;
}

/** Facts of the program file. */
void read_executable(const std::string& process, Interner& interner, ThreadEntry& thread) {
  std::string path = read_link(process + "/exe");
  if (path.starts_with("/memfd:")) {
    thread.exe_flags |= kFromMemfd;
    path.erase(0, 1);
  }
  if (path.ends_with(" (deleted)")) path.resize(path.size() - 10);
  thread.exepath = intern(interner, path);
  struct stat status;
  const std::string link = process + "/exe";
  if (stat(link.c_str(), &status) != 0) return;
  thread.exe_ino = status.st_ino;
#ifdef __linux__
  thread.exe_ctime = static_cast<uint64_t>(status.st_ctim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_ctim.tv_nsec);
  thread.exe_mtime = static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_mtim.tv_nsec);
#endif
  struct statvfs place;
  if (statvfs(link.c_str(), &place) != 0 || (place.f_flag & ST_RDONLY) != 0) return;
  constexpr uint64_t kOverride = 1 << 1;  // CAP_DAC_OVERRIDE
  const bool is_writable = (status.st_mode & 0002) != 0 || (thread.cap_effective & kOverride) != 0 ||
                           (status.st_uid == thread.uid && (status.st_mode & 0200) != 0) ||
                           (status.st_gid == thread.gid && (status.st_mode & 0020) != 0);
  if (is_writable) thread.exe_flags |= kWritable;
}

/** What differs between the threads of a process. */
bool read_status(const std::string& folder, Interner& interner, ThreadEntry& thread) {
  const std::string status = read_text(folder + "/status", 16384);
  if (status.empty()) return false;
  const auto value = [&](const char* name) { return value_of(status, name); };
  const auto ids = [&](const char* name) {
    const auto words = words_of(value(name));
    return words.size() > 1 ? static_cast<uint32_t>(number_at(words[1])) : 0;  // the effective one
  };
  thread.uid = ids("Uid");
  thread.gid = ids("Gid");
  thread.vtid = last_number(value("NSpid"));
  thread.vpid = last_number(value("NStgid"));
  thread.vpgid = last_number(value("NSpgid"));
  thread.vm_size = static_cast<uint32_t>(number_at(value("VmSize")));
  thread.vm_rss = static_cast<uint32_t>(number_at(value("VmRSS")));
  thread.vm_swap = static_cast<uint32_t>(number_at(value("VmSwap")));
  const auto caps = [&](const char* name) {
    std::string_view text = value(name);
    while (!text.empty() && text.front() == '\t') text.remove_prefix(1);
    return number_at(text, 16);
  };
  thread.cap_inheritable = caps("CapInh");
  thread.cap_permitted = caps("CapPrm");
  thread.cap_effective = caps("CapEff");
  std::string comm = read_text(folder + "/comm", 64);
  if (!comm.empty() && comm.back() == '\n') comm.pop_back();
  thread.comm = intern(interner, comm);
  return true;
}

/** pid (comm) state ppid pgrp session tty ...; comm may hold blanks and parentheses. */
bool read_stat(const std::string& folder, ThreadEntry& thread, uint64_t& flags) {
  const std::string stat = read_text(folder + "/stat", 4096);
  const size_t end = stat.rfind(')');
  if (end == std::string::npos) return false;
  const auto words = words_of(std::string_view(stat).substr(end + 1));
  if (words.size() < 20) return false;
  thread.ptid = static_cast<int64_t>(number_at(words[1]));
  thread.pgid = static_cast<int64_t>(number_at(words[2]));
  thread.sid = static_cast<int64_t>(number_at(words[3]));
  thread.tty = static_cast<uint32_t>(number_at(words[4]));
  flags = number_at(words[6]);
  return true;
}

uint64_t open_limit(const std::string& process) {
  uint64_t limit = 0;
  for_each_line(read_text(process + "/limits", 8192), [&](std::string_view line) {
    if (line.starts_with("Max open files")) limit = number_at(line.substr(14));
  });
  return limit;
}

}  // namespace

bool read_process(const std::string& process, int64_t pid, uint64_t boot_time, Interner& interner, SectionHeader& header) {
  constexpr uint64_t kKernelThread = 0x200000;  // PF_KTHREAD
  ThreadEntry leader;
  uint64_t flags = 0;
  if (!read_stat(process, leader, flags) || (flags & kKernelThread) != 0) return false;
  if (!read_status(process, interner, leader)) return false;
  leader.tid = pid;
  leader.pid = pid;
  const std::string vector = read_text(process + "/cmdline", 2 * kVectorLimit);
  const size_t exe_end = std::min(vector.find('\0'), vector.size());
  leader.exe = intern(interner, std::string_view(vector).substr(0, exe_end));
  std::string_view args = std::string_view(vector).substr(std::min(exe_end + 1, vector.size()));
  leader.args = intern(interner, without_nuls(args.substr(0, kVectorLimit)));
  const std::string environment = read_text(process + "/environ", kVectorLimit);
  leader.env = intern(interner, without_nuls(environment));
  leader.cwd = intern(interner, read_link(process + "/cwd"));
  leader.root = intern(interner, read_link(process + "/root"));
  leader.cgroups = intern(interner, cgroups_of(read_text(process + "/cgroup")));
  leader.fd_limit = open_limit(process);
  const std::string loginuid = read_text(process + "/loginuid", 32);
  if (!loginuid.empty()) leader.loginuid = static_cast<uint32_t>(number_at(loginuid));
  leader.pidns_start = boot_time;
  read_executable(process, interner, leader);
  header.threads.push_back(leader);
  for (const int64_t tid : numbers_in(process + "/task")) {
    if (tid == pid) continue;
    ThreadEntry thread = leader;
    if (!read_status(process + "/task/" + std::to_string(tid), interner, thread)) continue;
    thread.tid = tid;
    thread.flags = kFilesAndThread;
    header.threads.push_back(thread);
  }
  return true;
}

}  // namespace peregrine
