// SPDX-License-Identifier: Apache-2.0
#include "live_snapshot.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>

#include "live_picture_reader.h"
#include "proc_fds.h"
#include "proc_files.h"
#include "proc_threads.h"

namespace peregrine {

namespace {

const char kProc[] = "/proc";

std::string bytes_of(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address);
    return std::string(reinterpret_cast<const char*>(&in->sin_addr), sizeof in->sin_addr);
  }
  if (address->sa_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address);
    return std::string(reinterpret_cast<const char*>(&in6->sin6_addr), sizeof in6->sin6_addr);
  }
  return {};
}

/** IPv4 first, then IPv6. */
void read_own_interfaces(SectionHeader& header) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family) continue;
      header.interfaces.push_back(
          {bytes_of(entry->ifa_addr), bytes_of(entry->ifa_netmask), bytes_of(entry->ifa_broadaddr), 0, entry->ifa_name});
    }
  }
  freeifaddrs(list);
}

/** The fields of a line of /etc/passwd or /etc/group. */
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find(':', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

uint32_t intern(Interner& interner, std::string_view text) {
  return interner.intern(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

void read_people(Interner& interner, SectionHeader& header) {
  for_each_line(read_text("/etc/passwd", 16 << 20), [&](std::string_view line) {
    const auto fields = fields_of(line);
    if (fields.size() < 7) return;
    header.users.push_back({static_cast<uint32_t>(number_at(fields[2])), static_cast<uint32_t>(number_at(fields[3])),
                            intern(interner, fields[0]), intern(interner, fields[5]), intern(interner, fields[6])});
  });
  for_each_line(read_text("/etc/group", 16 << 20), [&](std::string_view line) {
    const auto fields = fields_of(line);
    if (fields.size() >= 3) header.groups.push_back({static_cast<uint32_t>(number_at(fields[2])), intern(interner, fields[0])});
  });
}

}  // namespace

bool read_machine(live_iterators* iterators, Interner& interner, uint64_t boot_time, SectionHeader& header,
                  Failure& failure) {
  char hostname[256] = {};
  gethostname(hostname, sizeof hostname - 1);
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  header.machine = MachineEntry{static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_CONF)),
                                pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)),
                                number_at(read_text("/proc/sys/kernel/pid_max", 32)), hostname, boot_time};
  read_own_interfaces(header);
  read_people(interner, header);
  if (iterators != nullptr && read_picture(iterators, boot_time, interner, header)) return true;
  Sockets sockets;
  for (const int64_t pid : numbers_in(kProc)) {
    const std::string process = std::string(kProc) + "/" + std::to_string(pid);
    if (read_process(process, pid, boot_time, interner, header)) read_open_files(process, pid, sockets, interner, header);
  }
  if (header.threads.empty()) return failure.set("LIVE_PROC", "no processes are to be seen in /proc");
  return true;
}

}  // namespace peregrine
