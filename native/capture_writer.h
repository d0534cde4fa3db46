// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "event.h"
#include "header_writer.h"
#include "legacy.h"

namespace peregrine {

/** How a capture is written. A bound of 0 is none. */
struct WriteOptions {
  int gzip_level = 0;  // 1 to 9; 0: plain
  CaptureSchema schema = CaptureSchema::kCurrent;
  uint64_t most_bytes = 0;   // of the file, also when it is packed
  uint64_t most_events = 0;
  uint64_t most_ns = 0;      // from the first event's time on
};

/** What became of an event; the values are those of WriteResult in src/capture/writer.ts. */
enum class Written : uint8_t {
  kWritten = 0,
  kLeftOut = 1,  // the schema has nothing that stands for it
  kFull = 2,     // a bound is reached: it belongs into the next file
  kBad = 3,      // it is no event: its lengths do not add up
  kFailed = 4,   // failure() says why
};

/** What is told of an event beside its type and parameters. */
struct EventHead {
  uint64_t ts;   // ns since the epoch
  uint64_t tid;
  uint16_t cpu;
  uint32_t flags;  // of its block; 1: for state only
};

/**
 * Writes a capture: the lists that a section begins with, then events. Events come as the kernel's ring has them (header
 * of 26 bytes, lengths, parameters) or as parameters. A file that did not end well is not left behind; see Output.
 *
 *   open() (write()* section()?)* close()
 */
class CaptureWriter {
 public:
  /** `names` resolves the header's ids. A header without a machine has none in the file. */
  bool open(const std::string& path, const WriteOptions& options, const SectionHeader& header, const Interner& names);
  /** The same, with nothing in the file yet. */
  bool open(const std::string& path, const WriteOptions& options);
  /** Instead of a file: what is written is kept. */
  void keep();
  Span kept() const { return output_.kept(); }
  /** Blocks that were kept, as they are. */
  bool write_kept(Span blocks) { return output_.write(blocks); }
  /** Begins another section: all that readers know of processes is forgotten. */
  bool section(const SectionHeader& header, const Interner& names);

  /** A whole event of today, as the ring has it. */
  Written write(Span event, uint16_t cpu, uint32_t flags);
  /** An event of today as parameters. */
  Written write(const EventHead& head, uint16_t type, const EventParams& params);
  /** A whole event as it is, whatever its schema; its lengths are known to add up. */
  Written pass(Span event, uint16_t cpu, uint32_t flags);
  /** An event of a plugin's source. */
  Written write_plugin(uint64_t ts, uint32_t plugin, Span data);
  /** What a plugin tells beside the events, under a name. Plugin 0: it belongs to the system calls. */
  Written write_async(uint64_t ts, uint32_t plugin, Span name, Span data);
  /** A block as it is. */
  bool write_raw(uint32_t number, Span body);

  bool flush() { return output_.flush(); }
  bool close() { return output_.close(); }
  void discard() { output_.discard(); }

  bool is_open() const { return output_.is_open(); }
  const Failure& failure() const { return output_.failure(); }
  uint64_t events() const { return events_; }
  uint64_t left_out() const { return left_out_; }
  uint64_t file_bytes() const { return output_.file_bytes(); }
  uint64_t bytes() const { return output_.bytes(); }

 private:
  static constexpr size_t kMaxEntered = 65536;

  void begin(const WriteOptions& options);
  bool is_full(uint64_t ts, size_t size);
  bool fits(size_t size);
  Written write_legacy(const EventHead& head, uint16_t type, const EventParams& params);
  Written build(const EventHead& head, uint16_t type, const EventParams& params);
  Written put(Span event, uint16_t cpu, uint32_t flags);

  Output output_;
  WriteOptions options_;
  LegacyEvents legacy_;
  /** Legacy: threads whose last event is an enter, and its type; it needs no other when the exit comes. */
  std::unordered_map<uint64_t, uint16_t> entered_;
  Bytes event_;
  uint64_t events_ = 0;
  uint64_t left_out_ = 0;
  uint64_t first_ts_ = 0;
};

}  // namespace peregrine
