// SPDX-License-Identifier: Apache-2.0
#include "input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace peregrine {

namespace {

constexpr uint8_t kGzip0 = 0x1f;
constexpr uint8_t kGzip1 = 0x8b;
constexpr int kGzipWindow = 15 + 16;

}  // namespace

bool Input::open(const std::string& path) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return failure_.set("CAPTURE_OPEN", std::strerror(errno));
  struct stat status;
  if (fstat(fd_, &status) == 0 && S_ISDIR(status.st_mode)) return failure_.set("CAPTURE_OPEN", "it is a directory");
  if (!grow(kPiece)) return false;
  while (end_ < 2 && !at_end_ && !failure_) end_ += read_file(buffer_.data() + end_, kPiece - end_);
  if (failure_) return false;
  if (end_ == 0) return failure_.set("CAPTURE_EMPTY", "the file has no bytes", 0);
  if (end_ < 2 || buffer_.data()[0] != kGzip0 || buffer_.data()[1] != kGzip1) return true;
  if (inflateInit2(&stream_, kGzipWindow) != Z_OK) return failure_.set("CAPTURE_GZIP", "no memory for inflating");
  is_gzip_ = is_inflating_ = true;
  packed_.assign(buffer_.data(), buffer_.data() + end_);
  if (packed_.size() < kPacked) packed_.resize(kPacked);
  stream_.next_in = packed_.data();
  stream_.avail_in = static_cast<uInt>(end_);
  end_ = 0;
  return true;
}

void Input::close() {
  if (is_inflating_) inflateEnd(&stream_);
  is_inflating_ = false;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
  packed_ = {};
  begin_ = end_ = 0;
  at_end_ = true;
}

bool Input::refill(size_t size) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, available());
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity() > kKeep && size <= kPiece && end_ <= kPiece) {
    if (!grow(kPiece)) return false;
  }
  while (end_ < size) {
    if (at_end_ || failure_) return false;
    // A block may claim any length: the buffer grows only as fast as bytes arrive.
    if (end_ == capacity() && !grow(capacity() * 2)) return false;
    const size_t room = capacity() - end_;
    end_ += is_gzip_ ? inflate_some(buffer_.data() + end_, room) : read_file(buffer_.data() + end_, room);
  }
  return true;
}

bool Input::grow(size_t size) {
  if (buffer_.resize(size + kSlack)) return true;
  return failure_.set("CAPTURE_READ", "there is no memory for a block of this size", static_cast<int64_t>(offset_));
}

/** Reads from the file; 0 at its end (at_end_, for plain files) or on failure. */
size_t Input::read_file(uint8_t* to, size_t room) {
  ssize_t size;
  do size = ::read(fd_, to, room);
  while (size < 0 && errno == EINTR);
  if (size < 0) {
    failure_.set("CAPTURE_READ", std::strerror(errno), static_cast<int64_t>(end_offset()));
    return 0;
  }
  if (size == 0) at_end_ = true;
  bytes_read_ += static_cast<uint64_t>(size);
  return static_cast<size_t>(size);
}

size_t Input::inflate_some(uint8_t* to, size_t room) {
  bool is_dry = false;
  if (stream_.avail_in == 0) {
    stream_.next_in = packed_.data();
    stream_.avail_in = static_cast<uInt>(read_file(packed_.data(), kPacked));
    if (failure_) return 0;
    // The file's end is not the stream's: inflating may still hold bytes back that found no room before.
    is_dry = at_end_;
    at_end_ = false;
  }
  stream_.next_out = to;
  stream_.avail_out = static_cast<uInt>(std::min<size_t>(room, 1u << 30));
  const uInt before = stream_.avail_out;
  const auto start = std::chrono::steady_clock::now();
  const int status = inflate(&stream_, Z_NO_FLUSH);
  inflate_ns_ += static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  const size_t size = before - stream_.avail_out;
  if (status == Z_STREAM_END) {
    if (!next_member()) at_end_ = true;
  } else if (is_dry && size == 0) {
    // A writer that was stopped, or is still at work, leaves a stream without an end.
    failure_.set("CAPTURE_GZIP_TRUNCATED", "the gzip stream has no end", static_cast<int64_t>(end_offset()));
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    failure_.set("CAPTURE_GZIP", stream_.msg != nullptr ? stream_.msg : "the gzip stream is damaged",
                 static_cast<int64_t>(end_offset() + size));
  }
  return size;
}

/** Behind the end of a gzip member: true where another begins. Anything else behind it is no part of the capture. */
bool Input::next_member() {
  if (stream_.avail_in < 2) {
    // next_in points into packed_: move what is left of it to the front and read on.
    uInt left = stream_.avail_in;
    if (left > 0) packed_[0] = *stream_.next_in;
    while (left < 2) {
      const size_t more = read_file(packed_.data() + left, kPacked - left);
      if (more == 0) return false;
      left += static_cast<uInt>(more);
    }
    stream_.next_in = packed_.data();
    stream_.avail_in = left;
  }
  if (stream_.next_in[0] != kGzip0 || stream_.next_in[1] != kGzip1) return false;
  return inflateReset(&stream_) == Z_OK;
}

}  // namespace peregrine
