// SPDX-License-Identifier: Apache-2.0
#include "header.h"

namespace peregrine {

namespace {

constexpr size_t kNameLimit = 255;

std::string text_of(Span bytes) { return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size); }

}  // namespace

bool read_interfaces(Span body, unsigned version, SectionHeader& header, size_t& position) {
  Cursor list(body);
  while (has_entry(list)) {
    position = list.position();
    Cursor entry = entry_cursor(list, version >= 2, false);
    const uint16_t type = entry.take<uint16_t>();
    const uint16_t name_size = entry.take<uint16_t>();
    // 1 and 2: IPv4 and IPv6 with a link speed; 3 and 4: without.
    if (type < 1 || type > 4 || name_size > kNameLimit) return false;
    const size_t size = type == 1 || type == 3 ? 4 : 16;
    const Span address = entry.bytes(size);
    const Span netmask = entry.bytes(size);
    const Span broadcast = entry.bytes(size);
    const uint64_t link_speed = type <= 2 ? entry.take<uint64_t>() : 0;
    const Span name = entry.bytes(name_size);
    if (list.failed() || entry.failed()) return false;
    if (version < 2) list = entry;
    header.interfaces.push_back({text_of(address), text_of(netmask), text_of(broadcast), link_speed,
                                 text_of(until_nul(name))});
  }
  return true;
}

}  // namespace peregrine
