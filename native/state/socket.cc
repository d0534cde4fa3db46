// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

constexpr int32_t kAfNetlink = 16;
constexpr int32_t kStream = 1;
constexpr int32_t kDgram = 2;
constexpr int32_t kRawSocket = 3;

/** The transport of a socket from the arguments of socket(): type and protocol. */
int32_t l4_of(int32_t kind, int32_t protocol) {
  const bool is_raw = kind == kRawSocket;
  switch (protocol) {
    case 6:
      return is_raw ? l4::kRaw : l4::kTcp;
    case 17:
      return is_raw ? l4::kRaw : l4::kUdp;
    case 1:
      return is_raw ? l4::kRaw : l4::kIcmp;
    case 255:
      return l4::kRaw;
    case 0:
      return (kind & 0xff) == kStream ? l4::kTcp : (kind & 0xff) == kDgram ? l4::kUdp : l4::kUnknown;
    default:
      return l4::kUnknown;
  }
}

void socket_made(Tables& c) {
  constexpr uint16_t kType = type::kSocketSocketX;
  if (!c.succeeded(word_of(kType, 0))) return;
  const uint32_t domain = c.word(word_of(kType, 1));
  const int32_t flags = c.word(word_of(kType, 4));
  int32_t kind = fd_kind::kUnknown;
  int32_t transport = l4::kUnknown;
  if (domain == kUnix) {
    kind = fd_kind::kUnixSock;
  } else if (domain == kAfNetlink) {
    kind = fd_kind::kNetlink;
  } else if (domain == kInet || domain == kInet6) {
    kind = domain == kInet ? fd_kind::kIpv4Sock : fd_kind::kIpv6Sock;
    transport = l4_of(c.word(word_of(kType, 2)), c.word(word_of(kType, 3)));
  }
  const int32_t row = c.fd_pool.make(kind, flags, 0);
  if (row != 0) c.fd_pool.row(row)[fd_word::kProtocolRole] = transport;
  c.add_fd(c.fd_at(word_of(kType, 0)), row, (flags & open_flag::kCloexec) != 0);
}

void pair_made(Tables& c) {
  constexpr uint16_t kType = type::kSocketSocketpairX;
  if (!c.succeeded(word_of(kType, 0))) return;
  const int32_t first = c.fd_at(word_of(kType, 1));
  const int32_t second = c.fd_at(word_of(kType, 2));
  if (first == second) return;
  c.add_fd(first, c.fd_pool.make(fd_kind::kUnixSock, 0, 0), false);
  c.add_fd(second, c.fd_pool.make(fd_kind::kUnixSock, 0, 0), false);
}

void bound(Tables& c) {
  constexpr uint16_t kType = type::kSocketBindX;
  if (!c.succeeded(word_of(kType, 0)) || c.fd_row == 0) return;
  Addresses& addresses = c.addresses;
  const uint32_t addr = c.word(word_of(kType, 1));
  const uint32_t family = addresses.family(addr);
  if (family == 0) return;
  const int32_t row = c.copy_fd();
  if (row == 0) return;
  int32_t* words = c.fd_pool.row(row);
  const bool is_internet = addresses.is_internet_address(addr);
  const uint32_t canonical = is_internet ? addresses.canonical(addr) : addr;
  if (is_internet && addresses.source_port(addr) > 0) {
    const bool is_v4 = addresses.family(canonical) == kInet;
    words[fd_word::kKind] = is_v4 ? fd_kind::kIpv4Servsock : fd_kind::kIpv6Servsock;
    words[fd_word::kSocket] = canonical;
    words[fd_word::kProtocolRole] = (words[fd_word::kProtocolRole] & 0xff) | role::kServer << 8;
  }
  if (is_internet || family == kUnix) words[fd_word::kName] = addresses.address_text(canonical);
  c.replace_fd(row);
}

void accept(Tables& c, int32_t flags) {
  constexpr uint16_t kType = type::kSocketAccept_5X;
  if (!c.succeeded(word_of(kType, 0))) return;
  Addresses& addresses = c.addresses;
  const int32_t fd = c.fd_at(word_of(kType, 0));
  const uint32_t given = c.word(word_of(kType, 1));
  if (!addresses.is_tuple(given)) {
    c.fd = fd;
    return;
  }
  const uint32_t tuple = addresses.canonical(given);
  const uint32_t family = addresses.family(tuple);
  const bool is_unix = family == kUnix;
  const int32_t kind = is_unix ? fd_kind::kUnixSock : family == kInet ? fd_kind::kIpv4Sock : fd_kind::kIpv6Sock;
  const int32_t transport = is_unix ? l4::kUnknown : l4::kTcp;
  const int32_t row = c.fd_pool.make(kind, 0, addresses.tuple_text(tuple, transport));
  if (row != 0) {
    int32_t* words = c.fd_pool.row(row);
    words[fd_word::kSocket] = tuple;
    words[fd_word::kProtocolRole] = transport | role::kServer << 8;
    words[fd_word::kState] = fd_state::kConnected;
  }
  c.add_fd(fd, row, (flags & open_flag::kCloexec) != 0);
}

void accepted(Tables& c) { accept(c, 0); }

void accepted4(Tables& c) { accept(c, c.word(word_of(type::kSocketAccept4_6X, 5))); }

constexpr Rule kRules[] = {
    {type::kSocketSocketX, socket_made, params({0, 1, 2, 3, 4}), kSucceeds},
    {type::kSocketSocketpairX, pair_made, params({0, 1, 2}), kSucceeds},
    {type::kSocketBindX, bound, params({0, 1, 2}), kSucceeds},
    {type::kSocketAccept_5X, accepted, params({0, 1}), kSucceeds},
    {type::kSocketAccept4_6X, accepted4, params({0, 1, 5}), kSucceeds},
};

}  // namespace

Rules socket_rules() { return kRules; }

}  // namespace peregrine::state
