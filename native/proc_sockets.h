// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "header.h"

namespace peregrine {

/** What /proc/PID/net says of a socket. */
struct SocketFacts {
  uint8_t kind;
  uint8_t l4;
  std::string address;  // as events have it: family, then one or two ends
  std::string name;
};

/** The sockets of all network name spaces, by inode; a name space is read when its first process is. */
class Sockets {
 public:
  /** The socket with this inode, seen from a process; null where it is of no kind that is known. */
  const SocketFacts* find(const std::string& process, uint64_t inode);

 private:
  using Table = std::unordered_map<uint64_t, SocketFacts>;
  std::unordered_map<std::string, Table> tables_;  // by name space
  std::string last_process_;
  const Table* last_ = nullptr;
};

}  // namespace peregrine
