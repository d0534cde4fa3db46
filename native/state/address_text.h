// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "../bytes.h"

namespace peregrine::state {

/** Room for the text of any internet tuple: two addresses of up to 45 characters, ports, brackets of signs. */
inline constexpr size_t kAddressText = 128;

/** A text that is being put together in memory that has room for it. */
class TextWriter {
 public:
  explicit TextWriter(char* at) : start_(at), at_(at) {}

  void sign(char c) { *at_++ = c; }
  void decimal(uint32_t value);
  void hex(uint64_t value);
  /** a.b.c.d of four bytes in network order. */
  void ip4(const uint8_t* bytes);
  /** As inet_ntop: the longest run of zero groups (two or more, the first of equals) is "::"; IPv4 tails are dotted. */
  void ip6(const uint8_t* bytes);
  /** `:port` of two little-endian bytes. */
  void port(const uint8_t* bytes) {
    sign(':');
    decimal(load<uint16_t>(bytes));
  }

  Span span() const { return {reinterpret_cast<const uint8_t*>(start_), static_cast<size_t>(at_ - start_)}; }

 private:
  char* start_;
  char* at_;
};

}  // namespace peregrine::state
