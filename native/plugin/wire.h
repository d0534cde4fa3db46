// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "../bytes.h"

namespace peregrine::plugin {

/** Writes an answer; what does not fit is not written and marks the writer as full. Values lie at multiples of 4. */
class Writer {
 public:
  Writer(uint8_t* bytes, size_t capacity) : bytes_(bytes), capacity_(capacity) {}

  void word(uint32_t value) { put(&value, sizeof value); }

  void wide(uint64_t value) { put(&value, sizeof value); }

  /** Length and bytes, padded to 4. */
  void bytes(const void* data, size_t size) {
    if (!room(4 + ((size + 3) & ~size_t{3}))) return;
    word(static_cast<uint32_t>(size));
    if (size > 0) std::memcpy(bytes_ + size_, data, size);
    size_ += (size + 3) & ~size_t{3};
  }

  void text(std::string_view value) { bytes(value.data(), value.size()); }

  /** A word that is written later with set(); its place. */
  size_t reserve(size_t words) {
    const size_t place = size_;
    if (!room(words * 4)) return place;
    std::memset(bytes_ + size_, 0, words * 4);
    size_ += words * 4;
    return place;
  }

  void set(size_t place, uint32_t value) {
    if (place + 4 <= size_) std::memcpy(bytes_ + place, &value, sizeof value);
  }

  size_t size() const { return size_; }
  bool full() const { return full_; }

  /** Drops what was written behind `size`. */
  void rewind(size_t size) {
    size_ = size;
    full_ = false;
  }

 private:
  bool room(size_t size) {
    if (full_ || capacity_ - size_ < size) full_ = true;
    return !full_;
  }

  void put(const void* data, size_t size) {
    if (!room(size)) return;
    std::memcpy(bytes_ + size_, data, size);
    size_ += size;
  }

  uint8_t* bytes_;
  size_t capacity_;
  size_t size_ = 0;
  bool full_ = false;
};

/** A text of a request: u32 length, bytes, padded to 4. */
inline std::string take_text(Cursor& cursor) {
  const uint32_t size = cursor.take<uint32_t>();
  const Span span = cursor.bytes(size);
  cursor.bytes((4 - size % 4) % 4);
  return span.data == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(span.data), span.size);
}

}  // namespace peregrine::plugin
