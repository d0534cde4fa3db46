// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace peregrine {

/**
 * The consuming side of the kernel's ring buffer, mapped:
 *
 *   page 0   consumer position (ours to write)
 *   page 1   producer position (read only)
 *   pages    the data, mapped twice in a row so that no entry is ever cut in two (read only)
 *
 * An entry: u32 length, with bit 31 while it is being written and bit 30 if it is to be passed over; u32; data; padding to
 * eight bytes. Positions count bytes and never wrap.
 */
class LiveRing {
 public:
  LiveRing() = default;
  LiveRing(const LiveRing&) = delete;
  LiveRing& operator=(const LiveRing&) = delete;
  ~LiveRing() { close(); }

  /** Maps the ring behind `fd`, which stays the caller's. False with errno set. */
  bool open(int fd, uint32_t bytes);
  void close();

  /** The next entry, which stays where it is until consume(). No data where there is none. */
  Span peek();
  /** The entry that peek() gave is done with. */
  void consume() { position_ = next_; }
  /** Lets the kernel reuse what was consumed. */
  void release();

  /** Bytes that wait in the ring, or are being written. */
  uint64_t waiting() const;

  /** Sleeps until the kernel wakes us up for an entry, at most `milliseconds`. Returns at once if entries wait. */
  void sleep(int milliseconds) const;

 private:
  int fd_ = -1;
  int epoll_ = -1;
  uint64_t* consumer_ = nullptr;
  const uint64_t* producer_ = nullptr;
  const uint8_t* data_ = nullptr;
  uint32_t bytes_ = 0;
  uint64_t position_ = 0;
  uint64_t next_ = 0;
};

}  // namespace peregrine
