// SPDX-License-Identifier: Apache-2.0
#include "header.h"

namespace peregrine {

namespace {

constexpr size_t kNameLimit = 1024;
constexpr uint8_t kUnixFamily = 1;
constexpr uint8_t kInetFamily = 2;
constexpr uint8_t kInet6Family = 10;

enum FdType : uint8_t {
  kUnknown = 0,
  kIpv4 = 3,
  kIpv6 = 4,
  kIpv4Listening = 5,
  kIpv6Listening = 6,
  kUnix = 8,
  kFile = 16,
  kLastType = 21,
};

/** Puts socket addresses together as events carry them: a list has both addresses before both ports. */
class Address {
 public:
  explicit Address(uint8_t family) { bytes_[size_++] = family; }
  Address& add(Span part) {
    if (part.size > sizeof bytes_ - size_) return *this;
    std::memcpy(bytes_ + size_, part.data, part.size);
    size_ += part.size;
    return *this;
  }
  uint32_t intern(Interner& interner) const { return interner.intern(bytes_, size_); }

 private:
  uint8_t bytes_[1 + 16 + kNameLimit + 1];
  size_t size_ = 0;
};

void read_tuple(Cursor& entry, size_t size, uint8_t family, Interner& interner, FdEntry& fd) {
  const Span source = entry.bytes(size);
  const Span destination = entry.bytes(size);
  const Span source_port = entry.bytes(2);
  const Span destination_port = entry.bytes(2);
  fd.l4 = entry.take<uint8_t>();
  if (entry.failed()) return;
  fd.socket = Address(family).add(source).add(source_port).add(destination).add(destination_port).intern(interner);
}

void read_listening(Cursor& entry, size_t size, uint8_t family, Interner& interner, FdEntry& fd) {
  const Span address = entry.bytes(size);
  const Span port = entry.bytes(2);
  fd.l4 = entry.take<uint8_t>();
  if (entry.failed()) return;
  fd.socket = Address(family).add(address).add(port).intern(interner);
}

void read_unix(Cursor& entry, Interner& interner, FdEntry& fd) {
  const Span source = entry.bytes(8);
  const Span destination = entry.bytes(8);
  const Span path = until_nul(entry.text(kNameLimit));
  if (entry.failed()) return;
  static constexpr uint8_t kNul = 0;
  fd.socket = Address(kUnixFamily).add(source).add(destination).add(path).add({&kNul, 1}).intern(interner);
  fd.name = interner.intern(path);
}

void read_payload(Cursor& entry, unsigned version, Interner& interner, FdEntry& fd) {
  switch (fd.kind) {
    case kUnknown:
      fd.name = kEmpty;
      return;
    case kIpv4:
      return read_tuple(entry, 4, kInetFamily, interner, fd);
    case kIpv6:
      return read_tuple(entry, 16, kInet6Family, interner, fd);
    case kIpv4Listening:
      return read_listening(entry, 4, kInetFamily, interner, fd);
    case kIpv6Listening:
      return read_listening(entry, 16, kInet6Family, interner, fd);
    case kUnix:
      return read_unix(entry, interner, fd);
    case kFile:
      fd.open_flags = entry.take<uint32_t>();
      fd.name = interner.intern(until_nul(entry.text(kNameLimit)));
      if (version >= 2) fd.dev = entry.optional<uint32_t>(0);
      return;
    default:
      if (fd.kind <= kLastType) {
        fd.name = interner.intern(until_nul(entry.text(kNameLimit)));
        return;
      }
      // From the future; only a length of its own lets it be passed over.
      if (version < 2) return entry.fail();
      const std::string name = "unknown-type:[" + std::to_string(fd.kind) + "]";
      fd.name = interner.intern(reinterpret_cast<const uint8_t*>(name.data()), name.size());
  }
}

}  // namespace

bool read_fds(Span body, unsigned version, Interner& interner, SectionHeader& header, size_t& position) {
  Cursor list(body);
  const int64_t tid = list.take<int64_t>();
  if (list.failed()) return false;
  while (has_entry(list)) {
    position = list.position();
    Cursor entry = entry_cursor(list, version >= 2, true);
    FdEntry fd;
    fd.tid = tid;
    fd.fd = entry.take<int64_t>();
    fd.ino = entry.take<uint64_t>();
    fd.kind = entry.take<uint8_t>();
    if (!entry.failed()) read_payload(entry, version, interner, fd);
    if (list.failed() || entry.failed()) return false;
    if (version < 2) list = entry;
    header.fds.push_back(fd);
  }
  return true;
}

}  // namespace peregrine
