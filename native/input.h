// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "failure.h"

namespace peregrine {

/** Memory whose growth may fail: how much a file wants is told by the file, and it must not be able to end the process. */
class Buffer {
 public:
  /** Keeps what fits of the bytes; new ones are not set. False, and nothing is changed, where there is no memory. */
  bool resize(size_t size) {
    void* bytes = std::realloc(bytes_.get(), size);
    if (bytes == nullptr) return false;
    (void)bytes_.release();
    bytes_.reset(static_cast<uint8_t*>(bytes));
    size_ = size;
    return true;
  }
  void clear() {
    bytes_.reset();
    size_ = 0;
  }
  uint8_t* data() const { return bytes_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<uint8_t, Free> bytes_;
  size_t size_ = 0;
};

/**
 * The bytes of a capture file, plain or gzip (of any number of members), in pieces that are read into one buffer again
 * and again. Reading costs a copy, but mapping the file costs a page fault for every 4 KiB, which is several times as much.
 */
class Input {
 public:
  Input() = default;
  ~Input() { close(); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /** Opens a file and looks at its first bytes. */
  bool open(const std::string& path);
  void close();

  /** What was read and not yet consumed. Moves with every call of ensure(). */
  const uint8_t* data() const { return buffer_.data() + begin_; }
  size_t available() const { return end_ - begin_; }

  /** Makes at least `size` bytes available; false where the input ends or fails before that. */
  bool ensure(size_t size) { return available() >= size || refill(size); }

  void consume(size_t size) {
    begin_ += size;
    offset_ += size;
  }

  /** Offset of data() in the inflated input. */
  uint64_t offset() const { return offset_; }
  bool is_gzip() const { return is_gzip_; }
  /** Set when reading or inflating went wrong; what was read before is still available. */
  const Failure& failure() const { return failure_; }
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t inflate_ns() const { return inflate_ns_; }

 private:
  static constexpr size_t kPiece = 256 * 1024;
  static constexpr size_t kPacked = 64 * 1024;
  static constexpr size_t kKeep = 4 * 1024 * 1024;  // a buffer that grew larger is given back
  static constexpr size_t kSlack = 16;              // bytes behind the input that may be read, though not used

  bool refill(size_t size);
  bool grow(size_t size);
  size_t capacity() const { return buffer_.size() - kSlack; }
  size_t read_file(uint8_t* to, size_t room);
  size_t inflate_some(uint8_t* to, size_t room);
  bool next_member();
  uint64_t end_offset() const { return offset_ + available(); }

  int fd_ = -1;
  Buffer buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_ = 0;
  bool at_end_ = false;
  Failure failure_;
  uint64_t bytes_read_ = 0;

  bool is_gzip_ = false;
  bool is_inflating_ = false;  // the stream below must be ended
  z_stream stream_{};
  std::vector<uint8_t> packed_;
  uint64_t inflate_ns_ = 0;
};

}  // namespace peregrine
