// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "capture_writer.h"

namespace peregrine {

/** How captures around matches are written. Bounds of 0 are none. */
struct MatchOptions {
  std::string prefix;         // of their paths
  uint64_t before_bytes = 0;  // of events that came before the match
  uint64_t before_ns = 0;
  uint64_t most_bytes = 0;    // of a file
};

/** A capture that is not written to any more. */
struct FinishedCapture {
  std::string path;
  uint64_t match = 0;   // number of the event that it was begun for
  uint64_t events = 0;
  bool is_cut = false;  // it is as large as it may be
  Failure failure;
};

/**
 * Holds the events that were read lately as they would stand in a capture, since whether somebody wants them is known
 * later: workers tell which events matched. Either captures are written around matches, beginning before them; or one
 * capture of the events that a condition chooses, with those that change state.
 *
 *   segments_   ┌ lists: what was there ┬ events ┐ ┌ lists ┬ events ┐ ┌ lists ┬ events ...
 *               └ dropped when no match to come can begin here       └ a match's capture begins with some segment's lists
 *
 * A match to come is of an event behind `settled`: main has heard of all that matched up to there. So which segment a capture
 * begins with, and which events are in it, follow from the events alone, and not from how fast threads are.
 */
class RecentEvents {
 public:
  /** Captures around matches. */
  explicit RecentEvents(const MatchOptions& options) : matches_(options) {}
  /** One capture of chosen events. */
  RecentEvents(const std::string& path, const WriteOptions& options) : is_choosing_(true), path_(path), write_(options) {}

  /** The next event, brought up to date; its number is one more than that of the one before. */
  void add(const EventHead& head, uint16_t type, const EventParams& params);
  /** The next event as the kernel's ring has it. */
  void add(Span event, uint16_t cpu);

  /**
   * Another segment begins, with what is there behind the last event.
   * @param is_section the source tells anew what is there, since what was known does not hold any more
   */
  void begin(const SectionHeader& header, const Interner& names, bool is_section);
  /** Whether it is time for another segment. */
  bool is_due() const;

  /** Event `number` of time `ts` matched: events are wanted until `duration` ns later. In the order of events. */
  void match(uint64_t number, uint64_t ts, uint64_t duration);
  /** These events are chosen. Numbers ascend, from call to call too. */
  void choose(const double* numbers, size_t count);
  /** No event up to this number will match or be chosen any more. Writes what is certain. */
  void settle(uint64_t number);
  /** By the clock it is `now`, and no events are on their way. */
  void pass_time(uint64_t now);
  /** Everything is settled; the captures are ended. */
  void close();

  /** The capture of chosen events is as large or as long as it may be, or cannot be written. */
  bool is_full() const { return is_full_; }
  /** Captures that have ended since the last call. */
  std::vector<FinishedCapture> finished() { return std::move(finished_); }

 private:
  struct Segment {
    CaptureWriter writer;
    size_t lists = 0;          // bytes of them
    uint64_t first_number = 0;
    uint64_t first_ts = 0;     // 0: it has no event yet
    uint64_t start = 0;        // bytes of events before it
    bool is_section = false;
  };
  /** Where a capture's next event is. */
  struct Cursor {
    uint64_t segment = 0;  // counted from the first there ever was
    size_t at = 0;         // in its bytes
    uint64_t number = 0;
  };
  /** An event that was the last at some moment. */
  struct Moment {
    uint64_t number;
    uint64_t ts;
  };
  struct Kept {
    Span event;
    uint16_t cpu;
    uint32_t flags;
    uint32_t total;
  };

  Segment& segment(uint64_t number) { return *segments_[number - dropped_]; }
  void added(uint64_t ts);
  Kept kept_at(const Segment& segment, size_t at) const;
  bool open(const std::string& path, uint64_t from);
  void finish();
  void write(uint64_t most);
  Written write_one(const Kept& kept);
  void drop();
  uint64_t holding(uint64_t number) const;

  bool is_choosing_ = false;
  MatchOptions matches_;
  std::string path_;
  WriteOptions write_;

  std::deque<std::unique_ptr<Segment>> segments_;
  uint64_t dropped_ = 0;  // segments
  std::deque<Moment> moments_;
  uint64_t last_number_ = 0;
  uint64_t last_ts_ = 0;
  uint64_t bytes_ = 0;  // of all events so far
  Moment settled_{};
  uint64_t settled_to_ = 0;

  std::unique_ptr<CaptureWriter> writer_;  // of the capture that is open
  FinishedCapture open_;
  Cursor cursor_;
  uint64_t until_ = 0;
  std::deque<uint64_t> chosen_;
  bool is_full_ = false;
  std::vector<FinishedCapture> finished_;
};

}  // namespace peregrine
