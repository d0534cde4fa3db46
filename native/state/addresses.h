// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "../header.h"
#include "strings.h"

namespace peregrine::state {

/* Values of an address's first byte. */
inline constexpr uint32_t kUnix = 1;
inline constexpr uint32_t kInet = 2;
inline constexpr uint32_t kInet6 = 10;

/*
 * Socket addresses as events carry them, by dictionary id:
 *
 *   SOCKADDR   unix 1: path, NUL            inet 2: ip[4] port        inet6 10: ip[16] port
 *   SOCKTUPLE  unix 1: u64 u64 path, NUL    inet 2: ip port ip port   inet6 10: ip[16] port ip[16] port
 *
 * The first byte is the family; ports are little-endian, addresses in network order.
 */

/**
 * Reads and rewrites addresses by id; what it makes is remembered. Where a function speaks of an internet tuple or address
 * and is given bytes that are none, they come back as they are, and their text is empty.
 */
class Addresses {
 public:
  explicit Addresses(Strings& strings) : strings_(strings) {}

  /** The addresses of the machine that the events come from. */
  void set_interfaces(const std::vector<InterfaceEntry>& interfaces) {
    interfaces_ = interfaces;
    memo_.clear();
  }
  void forget() { memo_.clear(); }

  /** Family of an address or tuple; 0 where it is empty. */
  uint32_t family(uint32_t id) const {
    const Span bytes = strings_.bytes(id);
    return id == 0 || bytes.size == 0 ? 0 : bytes.data[0];
  }
  bool is_tuple(uint32_t id) const;
  bool is_internet_address(uint32_t id) const;

  /** Source port of an internet tuple, or the port of an internet address. */
  uint32_t source_port(uint32_t id) const { return port(id, family(id) == kInet ? 5 : 17); }
  /** The tuple or address itself, or its IPv4 form where it is IPv6 and all its addresses are v4-mapped. */
  uint32_t canonical(uint32_t id);
  /** An internet tuple with source and destination exchanged. */
  uint32_t swapped(uint32_t id);
  /**
   * An internet tuple with an unspecified end (a socket that was never bound) filled in: with the address of the machine
   * that reaches the other end.
   */
  uint32_t completed(uint32_t id);
  /** The destination of an internet tuple as an address. */
  uint32_t destination(uint32_t id);
  /** A tuple from the source of `tuple` (0: an unknown one) to the internet address `addr`. */
  uint32_t toward(uint32_t tuple, uint32_t addr);

  /** The text of a tuple as fd.name has it: `a:p->b:p`, without ports for ICMP and raw sockets, `%x->%x path` for unix. */
  uint32_t tuple_text(uint32_t id, int32_t l4);
  /** Text of an address: `ip:port`, or the path of a unix socket. */
  uint32_t address_text(uint32_t id);

 private:
  uint32_t port(uint32_t id, size_t at) const {
    const Span bytes = strings_.bytes(id);
    return at + 2 <= bytes.size ? load<uint16_t>(bytes.data + at) : 0;
  }
  const InterfaceEntry* reaching(Span other) const;
  uint32_t keep(uint32_t id, uint32_t key, Span bytes) { return memo_.keep(id, key, strings_.intern(bytes)); }

  Strings& strings_;
  PairMemo memo_{1 << 13};
  std::vector<InterfaceEntry> interfaces_;
};

}  // namespace peregrine::state
