// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture_writer.h"
#include "converter.h"
#include "input.h"

namespace peregrine {

/** Cumulative figures; the order is that of CopyCounter in src/capture/copy.ts. */
enum CopyCounter : uint32_t {
  kCopied,         // events of the new capture
  kCopiedForState,  // of them, those that only say what was there or changed
  kCopyLeftOut,    // wanted, but nothing of the schema stands for them
  kCopyBytes,      // of the new file
  kCopyCounters,
};

/**
 * Writes the events of a capture, or those with given numbers, to another one: brought up to date, or in the schema of
 * Falco 0.31. It goes through the file as Reader does and numbers events alike.
 */
class CaptureCopy {
 public:
  struct Options {
    WriteOptions write;
    bool keep_state = false;  // also events that are not wanted but change state, marked as such
    uint32_t strings = 1u << 21;  // distinct ones that the lists of a section may have, and their bytes
    uint64_t string_bytes = 512ull << 20;
  };

  bool open(const std::string& from, const std::string& to, const Options& options);

  /** Copies every event, up to `most` of the file. True where there are more. */
  bool copy_all(uint64_t most) { return run(nullptr, 0, true, most); }
  /** Copies the events with these numbers, ascending; goes as far as the last of them. */
  bool copy(const double* numbers, size_t count) { return run(numbers, count, false, UINT64_MAX); }
  /** None of the following events is wanted; goes through up to `most` of them. True where there are more. */
  bool skip(uint64_t most) { return run(nullptr, 0, false, most); }

  bool close() { return writer_.close(); }
  void discard() { writer_.discard(); }

  /** What is wrong with the capture that is read; what stands before it was copied. */
  const Failure& failure() const { return failure_; }
  /** Why the new capture cannot be written. */
  const Failure& write_failure() const { return writer_.failure(); }
  void report(double* counters) const;

 private:
  enum class Verdict : uint8_t { kDrop, kState, kKeep };

  /** The exit event that belongs to it is not there yet, so whether it is wanted is not known. */
  struct Held {
    uint16_t cpu;
    uint32_t flags;
    std::vector<uint8_t> event;
  };

  bool run(const double* numbers, size_t count, bool all, uint64_t most);
  bool begin_section(bool is_first);
  void add_people(Interner& names, SectionHeader& header) const;
  bool take(const Block& block, bool all);
  bool take_event(const Block& block, const RawEvent& raw, bool all);
  bool take_unknown(const Block& block, bool all);
  bool take_half(const RawEvent& raw, const EventParams& params, bool all);
  bool write(const RawEvent& raw, const EventParams& original, bool is_changed, uint16_t type, const EventParams& params,
             Verdict verdict);
  bool write_held(const RawEvent& raw, uint32_t flags);
  Verdict judge(uint16_t type, bool all, uint32_t flags);
  Span whole(const RawEvent& raw);
  bool is_paired(const std::string& path) const;
  bool is_legacy() const { return options_.write.schema == CaptureSchema::kLegacy; }

  static constexpr size_t kMaxHeld = 65536;
  static constexpr size_t kMaxHeldBytes = 32 * 1024 * 1024;

  Input input_;
  CaptureWriter writer_;
  Options options_;
  std::string from_;
  std::string to_;
  Converter converter_;
  EventParams params_;
  Bytes event_;
  std::unordered_map<uint64_t, Held> held_;
  size_t held_bytes_ = 0;
  const double* wanted_ = nullptr;  // the numbers that are still to come
  const double* wanted_end_ = nullptr;
  uint64_t number_ = 0;
  uint64_t for_state_ = 0;
  uint64_t unknown_left_out_ = 0;
  bool is_leading_ = true;
  bool is_first_section_ = true;
  bool is_paired_ = false;  // the capture has both halves of system calls
  bool is_at_end_ = false;
  Failure failure_;
};

}  // namespace peregrine
