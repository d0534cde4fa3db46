// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "captures and records are little-endian, and so must the machine be"
#endif

namespace peregrine {

/** Loads an unaligned little-endian value; the caller knows that its bytes are there. */
template <typename T>
inline T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/** A run of foreign bytes. */
struct Span {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/**
 * Reads foreign bytes front to back and never beyond their end: a read that does not fit returns zero or nothing and
 * marks the cursor as failed, so that a parser checks once for several reads.
 */
class Cursor {
 public:
  explicit Cursor(Span bytes) : start_(bytes.data), p_(bytes.data), end_(bytes.data + bytes.size) {}

  template <typename T>
  T take() {
    if (left() < sizeof(T)) {
      fail();
      return T{};
    }
    const T value = load<T>(p_);
    p_ += sizeof(T);
    return value;
  }

  Span bytes(size_t size) {
    if (left() < size) {
      fail();
      return {};
    }
    const Span taken{p_, size};
    p_ += size;
    return taken;
  }

  /** A u16 length and that many bytes; longer than `most` is a failure. */
  Span text(size_t most) {
    const size_t size = take<uint16_t>();
    if (size > most) {
      fail();
      return {};
    }
    return bytes(size);
  }

  /** The next value where it fits, else `otherwise`, without failing. */
  template <typename T>
  T optional(T otherwise) {
    return left() < sizeof(T) ? otherwise : take<T>();
  }

  const uint8_t* at() const { return p_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }
  size_t position() const { return static_cast<size_t>(p_ - start_); }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    p_ = end_;
  }

 private:
  const uint8_t* start_;
  const uint8_t* p_;
  const uint8_t* end_;
  bool failed_ = false;
};

/** The bytes up to the first NUL. */
inline Span until_nul(Span bytes) {
  if (bytes.size == 0) return bytes;
  const void* nul = std::memchr(bytes.data, 0, bytes.size);
  return nul == nullptr ? bytes : Span{bytes.data, static_cast<size_t>(static_cast<const uint8_t*>(nul) - bytes.data)};
}

/** The bytes without the NULs at their end. */
inline Span without_final_nuls(Span bytes) {
  while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0) bytes.size--;
  return bytes;
}

}  // namespace peregrine
