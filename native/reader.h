// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "converter.h"
#include "header.h"
#include "input.h"
#include "recent_events.h"
#include "recipe.h"
#include "record_writer.h"

namespace peregrine {

/** Cumulative figures; the order is that of ReaderCounter in src/capture/scap.ts. */
enum ReaderCounter : uint32_t {
  kSeen,
  kMerged,
  kNotWanted,
  kStateRejected,
  kUnknownType,
  kStateRecords,
  kRuleRecords,
  kOversize,
  kBytes,
  kInflateNs,
  kLastNumber,
  kReaderCounters,
};

/** What a fill ended with; the values are those of FillResult in src/capture/source.ts. */
enum class FillResult : uint8_t { kMore = 0, kEnd = 1, kSection = 2, kFailed = 3 };

/** The threads that an event has been seen of, so that of events nobody wants the first of each thread is passed on. */
class SeenThreads {
 public:
  static constexpr uint64_t kLimit = 4194304;

  static bool covers(uint64_t tid) { return tid - 1 < kLimit - 1; }
  bool has(uint64_t tid) const { return (bits_.get()[tid >> 6] >> (tid & 63) & 1) != 0; }
  void add(uint64_t tid) { bits_.get()[tid >> 6] |= uint64_t{1} << (tid & 63); }
  void remove(uint64_t tid) { bits_.get()[tid >> 6] &= ~(uint64_t{1} << (tid & 63)); }
  // Fresh zero pages from the system: clearing would touch all of them.
  void clear() { bits_ = make(); }

 private:
  struct Free {
    void operator()(uint64_t* bits) const { std::free(bits); }
  };
  using Bits = std::unique_ptr<uint64_t, Free>;
  static Bits make() {
    void* bits = std::calloc(kLimit / 64, sizeof(uint64_t));
    if (bits == nullptr) std::abort();
    return Bits(static_cast<uint64_t*>(bits));
  }

  Bits bits_ = make();
};

/**
 * Reads a capture and fills batches: block by block the event is decoded, brought up to date, numbered, and written as a
 * record as far as the plan asks for it.
 *
 * Nothing that outlives an event is changed before it is certain that the event fits the batch; so an event that does
 * not is simply read again for the next one.
 */
class Reader {
 public:
  Reader(Interner& interner, const RingMemory& ring, const int32_t* plan);

  /** Opens a file; false: see failure(). */
  bool open(const std::string& path);
  void close() { input_.close(); }
  /** Reads the header blocks of the section that begins here; false: see failure(). */
  bool read_section(SectionHeader& header);
  FillResult fill(uint32_t slot, uint32_t generation);
  /** Another plan, and other annexes, from the next fill on. */
  void set_plan(const int32_t* plan, uint32_t annex_words) {
    recipes_.read(plan);
    writer_.set_annex_words(annex_words);
    has_annexes_ = annex_words != 0;
  }

  /** Every event from the next one on goes there as well; null: nowhere. */
  void keep(RecentEvents* recent) { recent_ = recent; }

  const Failure& failure() const { return failure_; }
  const std::map<uint16_t, uint64_t>& unknown_types() const { return unknown_types_; }
  /** Writes the counters, kReaderCounters of them. */
  void report(double* counters) const;

 private:
  /** What became of the next block. */
  enum class Step : uint8_t { kTaken, kNoRoom, kEnd, kSection, kFailed };

  template <bool kTimed>
  FillResult fill_records();
  bool decode_usual(RawEvent& raw, uint32_t& total) const;
  Step take_next();
  Step bad_block(const Block& block);
  Step take(const Block& block, const RawEvent& raw);
  Step take_wanted(const RawEvent& raw);
  Step keep(const RawEvent& raw, uint16_t type, const Recipe& recipe, bool is_leading);
  void pass_over(const RawEvent& raw, uint16_t type, uint8_t marks, uint32_t nparams, ReaderCounter counter);
  void commit(uint8_t marks, const RawEvent& raw);
  void remember(const RawEvent& raw, uint16_t type);
  void count_unknown(uint16_t type);

  Input input_;
  Interner& interner_;
  RecordWriter writer_;
  Converter converter_;
  SeenThreads seen_threads_;
  Recipes recipes_;
  EventParams params_;  // of the event at hand
  uint32_t batch_events_;
  uint64_t heap_bytes_;
  uint64_t number_ = 0;  // evt.num of the last event
  uint64_t previous_ = 0;  // time of the last event, where annexes want it
  // The first event that tells of more than the machine: times are relative to it. Number 0 = there was none so far.
  uint64_t first_number_ = 0;
  uint64_t first_ts_ = 0;
  bool has_annexes_;
  RecentEvents* recent_ = nullptr;
  bool is_leading_ = true;
  bool is_first_section_ = true;
  bool needs_section_ = true;
  int64_t lying_block_ = -1;  // offset of the last block where its two lengths differ
  uint64_t counters_[kReaderCounters] = {};
  std::map<uint16_t, uint64_t> unknown_types_;
  Failure failure_;
};

}  // namespace peregrine
