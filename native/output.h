// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bytes.h"
#include "failure.h"

namespace peregrine {

/**
 * A file that is being written, plain or gzip. A regular file grows under another name, PATH.PID.part, and gets its own
 * when it is closed: one that stands under its name is whole. "-" is standard output; what is there already and is no
 * regular file (a pipe, a device) is written as it is.
 */
class Output {
 public:
  Output() = default;
  ~Output() { discard(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /** `level`: of gzip, 1 to 9; 0: plain. */
  bool open(const std::string& path, int level);
  /** Instead of a file: what is written is kept, see kept(). */
  void keep();
  /** What was written since keep(). */
  Span kept() const { return {buffer_.data(), buffer_.size()}; }
  bool write(Span bytes);
  /** Brings out what is held back, so that a reader of a pipe, or of the file that grows, has it. */
  bool flush();
  /** Ends the file and gives it its name. */
  bool close();
  /** Gives the file up: nothing of it is left. */
  void discard();

  bool is_open() const { return fd_ >= 0; }
  /** CAPTURE_CREATE, CAPTURE_WRITE or CAPTURE_SPACE. */
  const Failure& failure() const { return failure_; }
  /** Bytes given to write(), and bytes of the file; with gzip the latter come late. */
  uint64_t bytes() const { return bytes_; }
  uint64_t file_bytes() const { return file_bytes_ + (level_ > 0 ? 0 : buffer_.size()); }
  /** The most bytes that the file can have where it is closed after `more` further ones. With gzip flush() brings it near. */
  uint64_t most_file_bytes(uint64_t more);
  /** Bytes given to write() since flush(): how far they can be packed is not known yet. */
  uint64_t unflushed() const { return bytes_ - flushed_; }

 private:
  static constexpr size_t kPiece = 256 * 1024;

  bool deflate_some(Span bytes, int flush);
  bool drain();
  bool write_out(const uint8_t* data, size_t size);
  bool fail(const char* code, int error);

  std::string path_;
  std::string part_;  // name while it grows; empty: it has its own
  int fd_ = -1;
  int level_ = 0;
  bool is_kept_ = false;
  bool is_deflating_ = false;  // the stream must be ended
  z_stream stream_{};
  std::vector<uint8_t> buffer_;  // plain bytes that wait
  std::vector<uint8_t> packed_;
  uint64_t bytes_ = 0;
  uint64_t flushed_ = 0;       // of bytes_, those of which the compressor holds nothing back
  uint64_t flushed_file_ = 0;  // what became of them
  uint64_t file_bytes_ = 0;
  Failure failure_;
};

}  // namespace peregrine
