// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "block.h"
#include "output.h"

namespace peregrine {

/** Which readers a capture is for. */
enum class CaptureSchema : uint8_t {
  kCurrent,  // today's events
  kLegacy,   // events as they were at Falco 0.31, for tools of then
};

/** Numbers of the block types that are written. */
namespace block_number {

inline constexpr uint32_t kSection = 0x0A0D0D0A;
inline constexpr uint32_t kMachine = 0x201;
inline constexpr uint32_t kProcesses = 0x215;
inline constexpr uint32_t kFds = 0x218;
inline constexpr uint32_t kInterfaces = 0x219;
inline constexpr uint32_t kUsers = 0x220;
inline constexpr uint32_t kFlaggedEvent = 0x217;
inline constexpr uint32_t kLargeEvent = 0x221;
inline constexpr uint32_t kFlaggedLargeEvent = 0x222;

}  // namespace block_number

/** Puts little-endian values behind each other. */
class Bytes {
 public:
  template <typename T>
  Bytes& put(T value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
  }
  Bytes& add(Span bytes) {
    bytes_.insert(bytes_.end(), bytes.data, bytes.data + bytes.size);
    return *this;
  }
  Bytes& fill(size_t count, uint8_t value) {
    bytes_.insert(bytes_.end(), count, value);
    return *this;
  }
  /** A u16 length and the bytes, cut to `most`. */
  Bytes& text(Span bytes, size_t most) {
    if (bytes.size > most) bytes.size = most;
    return put(static_cast<uint16_t>(bytes.size)).add(bytes);
  }
  /** Writes over what was put before. */
  template <typename T>
  void patch(size_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void clear() { bytes_.clear(); }
  size_t size() const { return bytes_.size(); }
  Span span() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<uint8_t> bytes_;
};

/** Writes a block around a body of up to two parts. */
inline bool write_block(Output& output, uint32_t number, Span first, Span second = {}) {
  static constexpr uint8_t kPadding[3] = {};
  const size_t body = first.size + second.size;
  const size_t padding = (4 - (body & 3)) & 3;
  const uint32_t total = static_cast<uint32_t>(kSmallestBlock + body + padding);
  uint32_t head[2] = {number, total};
  return output.write({reinterpret_cast<const uint8_t*>(head), sizeof head}) && output.write(first) &&
         output.write(second) && output.write({kPadding, padding}) &&
         output.write({reinterpret_cast<const uint8_t*>(&total), sizeof total});
}

}  // namespace peregrine
