// SPDX-License-Identifier: Apache-2.0
#include "header.h"

namespace peregrine {

namespace {

constexpr size_t kTextLimit = 255;
constexpr uint8_t kUser = 0;

}  // namespace

bool read_users(Span body, unsigned version, Interner& interner, SectionHeader& header, size_t& position) {
  Cursor list(body);
  while (has_entry(list)) {
    position = list.position();
    Cursor entry = entry_cursor(list, version >= 2, true);
    const uint8_t kind = entry.take<uint8_t>();
    if (kind == kUser) {
      const uint32_t uid = entry.take<uint32_t>();
      const uint32_t gid = entry.take<uint32_t>();
      const uint32_t name = interner.intern(until_nul(entry.text(kTextLimit)));
      const uint32_t home = interner.intern(until_nul(entry.text(kTextLimit)));
      const uint32_t shell = interner.intern(until_nul(entry.text(kTextLimit)));
      header.users.push_back({uid, gid, name, home, shell});
    } else {
      const uint32_t gid = entry.take<uint32_t>();
      header.groups.push_back({gid, interner.intern(until_nul(entry.text(kTextLimit)))});
    }
    if (list.failed() || entry.failed()) return false;
    if (version < 2) list = entry;
  }
  return true;
}

}  // namespace peregrine
