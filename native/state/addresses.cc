// SPDX-License-Identifier: Apache-2.0
#include "addresses.h"

#include <cstring>
#include <string>

#include "address_text.h"

namespace peregrine::state {

namespace {

constexpr size_t kV4Tuple = 13;
constexpr size_t kV6Tuple = 37;
constexpr size_t kV4Addr = 7;
constexpr size_t kV6Addr = 19;
constexpr size_t kUnixTuple = 17;

/** Second halves of the keys by which results are remembered. */
enum Key : uint32_t { kCanonical = 1, kSwapped, kDestination, kText, kPortlessText, kAddressKey, kCompleted };

bool is_mapped(const uint8_t* address) {
  static constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(address, kPrefix, sizeof kPrefix) == 0;
}

bool is_zero(const uint8_t* bytes, size_t size) {
  uint8_t any = 0;
  for (size_t i = 0; i < size; i++) any |= bytes[i];
  return any == 0;
}

/** Bytes of one end of an internet tuple: address and port. */
size_t half_of(uint32_t family) { return family == kInet ? 6 : 18; }

bool is_loopback(const std::string& address) {
  static constexpr char kV4[4] = {127, 0, 0, 1};
  static constexpr char kV6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address.size() == 4 ? std::memcmp(address.data(), kV4, 4) == 0 : std::memcmp(address.data(), kV6, 16) == 0;
}

bool is_in_network(const InterfaceEntry& entry, Span other) {
  if (other.size == 16) return std::memcmp(entry.address.data(), other.data, 8) == 0;
  for (size_t i = 0; i < other.size; i++) {
    if (((static_cast<uint8_t>(entry.address[i]) ^ other.data[i]) & static_cast<uint8_t>(entry.netmask[i])) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool Addresses::is_tuple(uint32_t id) const {
  const size_t size = strings_.bytes(id).size;
  switch (family(id)) {
    case kInet:
      return size >= kV4Tuple;
    case kInet6:
      return size >= kV6Tuple;
    case kUnix:
      return size >= kUnixTuple;
    default:
      return false;
  }
}

bool Addresses::is_internet_address(uint32_t id) const {
  const size_t size = strings_.bytes(id).size;
  const uint32_t kind = family(id);
  return (kind == kInet && size >= kV4Addr) || (kind == kInet6 && size >= kV6Addr);
}

uint32_t Addresses::canonical(uint32_t id) {
  if (family(id) != kInet6) return id;
  const uint32_t known = memo_.get(id, kCanonical);
  if (known != 0) return known;
  const Span bytes = strings_.bytes(id);
  const bool is_pair = bytes.size >= kV6Tuple;
  if (bytes.size < kV6Addr || !is_mapped(bytes.data + 1) || (is_pair && !is_mapped(bytes.data + 19))) return id;
  uint8_t out[kV4Tuple] = {kInet};
  std::memcpy(out + 1, bytes.data + 13, 6);
  if (is_pair) std::memcpy(out + 7, bytes.data + 31, 6);
  return keep(id, kCanonical, {out, is_pair ? kV4Tuple : kV4Addr});
}

uint32_t Addresses::swapped(uint32_t id) {
  const uint32_t known = memo_.get(id, kSwapped);
  if (known != 0) return known;
  if (!is_tuple(id)) return id;
  const uint8_t* from = strings_.bytes(id).data;
  const size_t half = half_of(from[0]);
  uint8_t out[kV6Tuple] = {from[0]};
  std::memcpy(out + 1, from + 1 + half, half);
  std::memcpy(out + 1 + half, from + 1, half);
  return keep(id, kSwapped, {out, 1 + 2 * half});
}

uint32_t Addresses::completed(uint32_t id) {
  if (!is_tuple(id)) return id;
  const Span bytes = strings_.bytes(id);
  const size_t half = half_of(bytes.data[0]);
  const size_t size = half - 2;
  const uint8_t* source = bytes.data + 1;
  const uint8_t* destination = source + half;
  const bool has_source = !is_zero(source, size);
  if (has_source && !is_zero(destination, size)) return id;
  const uint32_t known = memo_.get(id, kCompleted);
  if (known != 0) return known;
  const Span other{has_source ? source : destination, size};
  const InterfaceEntry* entry = reaching(other);
  const bool has_equal_ports = std::memcmp(source + size, destination + size, 2) == 0;
  if (entry == nullptr || (has_equal_ports && std::memcmp(entry->address.data(), other.data, size) == 0)) {
    return memo_.keep(id, kCompleted, id);
  }
  uint8_t out[kV6Tuple];
  std::memcpy(out, bytes.data, 1 + 2 * half);
  std::memcpy(out + (has_source ? 1 + half : 1), entry->address.data(), size);
  return keep(id, kCompleted, {out, 1 + 2 * half});
}

/** The machine's address that is `other`, else one in its network, else the first that is not loopback. */
const InterfaceEntry* Addresses::reaching(Span other) const {
  const InterfaceEntry* near = nullptr;
  const InterfaceEntry* first = nullptr;
  for (const InterfaceEntry& entry : interfaces_) {
    if (entry.address.size() != other.size || entry.netmask.size() != other.size) continue;
    if (std::memcmp(entry.address.data(), other.data, other.size) == 0) return &entry;
    if (near == nullptr && is_in_network(entry, other)) near = &entry;
    if (first == nullptr && !is_loopback(entry.address)) first = &entry;
  }
  return near != nullptr ? near : first;
}

uint32_t Addresses::destination(uint32_t id) {
  const uint32_t known = memo_.get(id, kDestination);
  if (known != 0) return known;
  if (!is_tuple(id)) return id;
  const uint8_t* from = strings_.bytes(id).data;
  const size_t half = half_of(from[0]);
  uint8_t out[kV6Addr] = {from[0]};
  std::memcpy(out + 1, from + 1 + half, half);
  return keep(id, kDestination, {out, 1 + half});
}

uint32_t Addresses::toward(uint32_t tuple, uint32_t addr) {
  const uint8_t* to = strings_.bytes(addr).data;
  const size_t half = half_of(to[0]);
  uint8_t out[kV6Tuple] = {to[0]};
  if (tuple != 0) std::memcpy(out + 1, strings_.bytes(tuple).data + 1, half);
  std::memcpy(out + 1 + half, to + 1, half);
  return strings_.intern(Span{out, 1 + 2 * half});
}

uint32_t Addresses::tuple_text(uint32_t id, int32_t l4) {
  const bool is_portless = l4 == l4::kIcmp || l4 == l4::kRaw;
  const uint32_t key = is_portless ? kPortlessText : kText;
  const uint32_t known = memo_.get(id, key);
  if (known != 0) return known;
  if (!is_tuple(id)) return kEmpty;
  const Span bytes = strings_.bytes(id);
  const uint32_t kind = family(id);
  if (kind == kUnix) {
    char peers[kAddressText];
    TextWriter text(peers);
    text.hex(load<uint64_t>(bytes.data + 1));
    text.sign('-');
    text.sign('>');
    text.hex(load<uint64_t>(bytes.data + 9));
    text.sign(' ');
    const Span head = text.span();
    const Span path = until_nul({bytes.data + kUnixTuple, bytes.size - kUnixTuple});
    std::string line(reinterpret_cast<const char*>(head.data), head.size);
    line.append(reinterpret_cast<const char*>(path.data), path.size);
    return memo_.keep(id, key, strings_.intern(line));
  }
  char line[kAddressText];
  TextWriter text(line);
  const size_t half = half_of(kind);
  for (size_t end = 0; end < 2; end++) {
    const uint8_t* address = bytes.data + 1 + end * half;
    if (end == 1) {
      text.sign('-');
      text.sign('>');
    }
    if (kind == kInet) {
      text.ip4(address);
    } else {
      text.ip6(address);
    }
    if (!is_portless) text.port(address + half - 2);
  }
  return keep(id, key, text.span());
}

uint32_t Addresses::address_text(uint32_t id) {
  const uint32_t known = memo_.get(id, kAddressKey);
  if (known != 0) return known;
  const Span bytes = strings_.bytes(id);
  const uint32_t kind = family(id);
  if (kind != kInet && kind != kInet6) {
    return keep(id, kAddressKey, until_nul(bytes.size > 0 ? Span{bytes.data + 1, bytes.size - 1} : bytes));
  }
  if (!is_internet_address(id)) return kEmpty;
  char line[kAddressText];
  TextWriter text(line);
  if (kind == kInet) {
    text.ip4(bytes.data + 1);
    text.port(bytes.data + 5);
  } else {
    text.ip6(bytes.data + 1);
    text.port(bytes.data + 17);
  }
  return keep(id, kAddressKey, text.span());
}

}  // namespace peregrine::state
