// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace peregrine {

namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr mode_t kMode = 0600;  // what programs read and wrote is nobody else's to read

/** Errors that say: there is no room. */
bool is_space(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

}  // namespace

bool Output::fail(const char* code, int error) { return failure_.set(code, std::strerror(error)); }

bool Output::open(const std::string& path, int level) {
  discard();
  failure_ = Failure{};
  path_ = path;
  bytes_ = file_bytes_ = flushed_ = flushed_file_ = 0;
  struct stat status;
  if (path == "-") {
    fd_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  } else if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) return fail("CAPTURE_CREATE", EISDIR);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    part_ = path + "." + std::to_string(getpid()) + ".part";
    // Left by a process that had this number and was killed, or put there by somebody: never written into.
    unlink(part_.c_str());
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  }
  if (fd_ < 0) {
    const int error = errno;
    part_.clear();
    return fail(is_space(error) ? "CAPTURE_SPACE" : "CAPTURE_CREATE", error);
  }
  level_ = level;
  buffer_.reserve(kPiece);
  if (level == 0) return true;
  if (deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    discard();
    return fail("CAPTURE_WRITE", ENOMEM);
  }
  is_deflating_ = true;
  packed_.resize(kPiece);
  return true;
}

void Output::keep() {
  discard();
  failure_ = Failure{};
  bytes_ = file_bytes_ = flushed_ = flushed_file_ = 0;
  level_ = 0;
  is_kept_ = true;
}

bool Output::write(Span bytes) {
  if (is_kept_) {
    bytes_ += bytes.size;
    buffer_.insert(buffer_.end(), bytes.data, bytes.data + bytes.size);
    return true;
  }
  if (failure_ || fd_ < 0) return false;
  bytes_ += bytes.size;
  if (buffer_.size() + bytes.size > kPiece && !drain()) return false;
  if (bytes.size >= kPiece) return level_ > 0 ? deflate_some(bytes, Z_NO_FLUSH) : write_out(bytes.data, bytes.size);
  buffer_.insert(buffer_.end(), bytes.data, bytes.data + bytes.size);
  return true;
}

/** Writes or deflates what waits. */
bool Output::drain() {
  const Span waiting{buffer_.data(), buffer_.size()};
  const bool good = level_ > 0 ? deflate_some(waiting, Z_NO_FLUSH) : write_out(waiting.data, waiting.size);
  buffer_.clear();
  return good;
}

bool Output::flush() {
  if (failure_ || fd_ < 0) return false;
  if (!drain() || (level_ > 0 && !deflate_some({}, Z_SYNC_FLUSH))) return false;
  flushed_ = bytes_;
  flushed_file_ = file_bytes_;
  return true;
}

uint64_t Output::most_file_bytes(uint64_t more) {
  if (!is_deflating_) return file_bytes() + more;
  // The bound holds for a stream of its own, with header and trailer. Two empty blocks may come in addition: that of a flush
  // and the last one.
  constexpr uint64_t kEmptyBlocks = 16;
  return flushed_file_ + deflateBound(&stream_, static_cast<uLong>(unflushed() + more)) + kEmptyBlocks;
}

bool Output::deflate_some(Span bytes, int flush) {
  size_t left = bytes.size;
  stream_.next_in = const_cast<Bytef*>(bytes.data);
  for (;;) {
    if (stream_.avail_in == 0 && left > 0) {
      stream_.avail_in = static_cast<uInt>(std::min<size_t>(left, 1u << 30));
      left -= stream_.avail_in;
    }
    stream_.next_out = packed_.data();
    stream_.avail_out = static_cast<uInt>(packed_.size());
    const int status = deflate(&stream_, left > 0 ? Z_NO_FLUSH : flush);
    // A buffer error only says that there was nothing to do.
    if (status == Z_STREAM_ERROR) return fail("CAPTURE_WRITE", EIO);
    const size_t made = packed_.size() - stream_.avail_out;
    if (!write_out(packed_.data(), made)) return false;
    if (stream_.avail_in > 0 || left > 0 || stream_.avail_out == 0) continue;
    if (flush != Z_FINISH || status == Z_STREAM_END) return true;
  }
}

bool Output::write_out(const uint8_t* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd_, data, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      // Standard output may be a pipe that does not wait.
      if (errno == EAGAIN) {
        pollfd ready{fd_, POLLOUT, 0};
        poll(&ready, 1, -1);
        continue;
      }
      return fail(is_space(errno) ? "CAPTURE_SPACE" : "CAPTURE_WRITE", errno);
    }
    data += written;
    size -= static_cast<size_t>(written);
    file_bytes_ += static_cast<uint64_t>(written);
  }
  return true;
}

bool Output::close() {
  if (fd_ < 0) return false;
  const bool good = !failure_ && drain() && (level_ == 0 || deflate_some({}, Z_FINISH));
  if (is_deflating_) deflateEnd(&stream_);
  is_deflating_ = false;
  // Some file systems tell only now that there was no room.
  const int status = ::close(fd_);
  fd_ = -1;
  if (good && status != 0 && errno != EINTR) fail(is_space(errno) ? "CAPTURE_SPACE" : "CAPTURE_WRITE", errno);
  if (!failure_ && !part_.empty() && std::rename(part_.c_str(), path_.c_str()) != 0) fail("CAPTURE_CREATE", errno);
  if (failure_ && !part_.empty()) unlink(part_.c_str());
  part_.clear();
  return !failure_;
}

void Output::discard() {
  if (is_deflating_) deflateEnd(&stream_);
  is_deflating_ = false;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  if (!part_.empty()) unlink(part_.c_str());
  part_.clear();
  buffer_.clear();
  is_kept_ = false;
}

}  // namespace peregrine
