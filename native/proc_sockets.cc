// SPDX-License-Identifier: Apache-2.0
#include "proc_sockets.h"

#include <utility>

#include "proc_files.h"

namespace peregrine {

namespace {

/* Kinds of fds and protocols: FdKind and L4 of src/batch/fd-rows.ts. */
enum Kind : uint8_t { kIpv4 = 3, kIpv6 = 4, kIpv4Server = 5, kIpv6Server = 6, kUnix = 8, kNetlink = 15 };
enum L4 : uint8_t { kTcp = 2, kUdp = 3, kRaw = 5 };

constexpr char kInetFamily = 2;
constexpr char kInet6Family = 10;
constexpr char kUnixFamily = 1;
constexpr uint64_t kListening = 0x0a;  // TCP_LISTEN

struct End {
  std::string ip;
  uint16_t port = 0;

  bool is_any() const { return port == 0 && ip.find_first_not_of('\0') == std::string::npos; }
};

/** "0100007F:1F90": words of the address in the machine's byte order, the port as a number. */
End end_of(std::string_view text) {
  End end;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return end;
  for (size_t at = 0; at + 8 <= colon; at += 8) {
    const uint32_t word = static_cast<uint32_t>(number_at(text.substr(at, 8), 16));
    end.ip.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  end.port = static_cast<uint16_t>(number_at(text.substr(colon + 1), 16));
  return end;
}

void append(std::string& to, const End& end) {
  to += end.ip;
  to.append(reinterpret_cast<const char*>(&end.port), sizeof end.port);
}

template <typename Table>
void read_inet(const std::string& path, uint8_t l4, bool is_v6, Table& table) {
  bool is_title = true;
  for_each_line(read_text(path, 64 << 20), [&](std::string_view line) {
    if (std::exchange(is_title, false)) return;
    const auto words = words_of(line);
    if (words.size() < 10) return;
    const End local = end_of(words[1]);
    const End remote = end_of(words[2]);
    const uint64_t state = number_at(words[3], 16);
    const bool is_server = l4 == kTcp ? state == kListening : remote.is_any();
    SocketFacts facts{};
    facts.l4 = l4;
    facts.address.push_back(is_v6 ? kInet6Family : kInetFamily);
    append(facts.address, local);
    if (is_server) {
      facts.kind = is_v6 ? kIpv6Server : kIpv4Server;
    } else {
      facts.kind = is_v6 ? kIpv6 : kIpv4;
      append(facts.address, remote);
    }
    table.emplace(number_at(words[9]), std::move(facts));
  });
}

/** Num RefCount Protocol Flags Type St Inode Path */
template <typename Table>
void read_unix(const std::string& path, Table& table) {
  bool is_title = true;
  for_each_line(read_text(path, 64 << 20), [&](std::string_view line) {
    if (std::exchange(is_title, false)) return;
    const auto words = words_of(line);
    if (words.size() < 7) return;
    SocketFacts facts{};
    facts.kind = kUnix;
    if (words.size() > 7) {
      std::string_view name = line.substr(static_cast<size_t>(words[7].data() - line.data()));
      if (name.starts_with('@')) name.remove_prefix(1);
      facts.name = name;
    }
    const uint64_t source = number_at(words[0], 16);
    const uint64_t peer = 0;
    facts.address.push_back(kUnixFamily);
    facts.address.append(reinterpret_cast<const char*>(&source), sizeof source);
    facts.address.append(reinterpret_cast<const char*>(&peer), sizeof peer);
    facts.address += facts.name;
    facts.address.push_back('\0');
    table.emplace(number_at(words[6]), std::move(facts));
  });
}

/** sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
template <typename Table>
void read_netlink(const std::string& path, Table& table) {
  bool is_title = true;
  for_each_line(read_text(path, 64 << 20), [&](std::string_view line) {
    if (std::exchange(is_title, false)) return;
    const auto words = words_of(line);
    if (words.size() < 10) return;
    SocketFacts facts{};
    facts.kind = kNetlink;
    table.emplace(number_at(words[9]), std::move(facts));
  });
}

}  // namespace

const SocketFacts* Sockets::find(const std::string& process, uint64_t inode) {
  if (last_ == nullptr || process != last_process_) {
    const auto [place, is_new] = tables_.try_emplace(read_link(process + "/ns/net"));
    if (is_new) {
      const std::string net = process + "/net/";
      Table& table = place->second;
      read_inet(net + "tcp", kTcp, false, table);
      read_inet(net + "tcp6", kTcp, true, table);
      read_inet(net + "udp", kUdp, false, table);
      read_inet(net + "udp6", kUdp, true, table);
      read_inet(net + "raw", kRaw, false, table);
      read_inet(net + "raw6", kRaw, true, table);
      read_unix(net + "unix", table);
      read_netlink(net + "netlink", table);
    }
    last_process_ = process;
    last_ = &place->second;
  }
  const auto found = last_->find(inode);
  return found == last_->end() ? nullptr : &found->second;
}

}  // namespace peregrine
