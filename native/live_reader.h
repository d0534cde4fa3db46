// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "capture_writer.h"
#include "event.h"
#include "failure.h"
#include "header.h"
#include "live_containers.h"
#include "live_losses.h"
#include "live_interest.h"
#include "live_iterators.h"
#include "live_programs.h"
#include "live_ring.h"
#include "recent_events.h"
#include "recipe.h"
#include "record_writer.h"

namespace peregrine {

/** Cumulative figures; the order is that of LiveCounter in src/capture/live.ts. */
enum LiveCounter : uint32_t {
  kLiveSeen,
  kLiveNotWanted,
  kLiveStateRejected,
  kLiveStateRecords,
  kLiveRuleRecords,
  kLiveOversize,
  kLiveBytes,
  kLiveLastNumber,
  kLiveDropped,   // all that the kernel had no room for
  kLiveBefore,    // seen before the start state was complete; it holds what they did
  kLiveSleeps,
  kLiveMostWaiting,  // bytes of the ring
  kLiveBad,
  kLiveCounters,
};

struct LiveOptions {
  uint32_t ring_bytes;
  uint32_t snaplen;
  bool low_latency;
  bool plain;  // attach by names alone, as on kernels that do not describe their tracepoints
  bool drop_failed;   // calls that failed are no events
  bool no_iterators;  // the start state comes from /proc
};

/**
 * Reads what the programs in the kernel put into the ring, and fills batches with it: each event as a record, as far as
 * the plan asks for it.
 *
 * How long a fill waits:  the ring was empty after the last fill, and that fill found events: up to kFlowMs, without being
 * woken up, so that events gather into one batch and the watched programs pay nothing for waking us.  That fill found none:
 * up to kIdleMs, and the first event wakes us.  Else not at all.
 */
class LiveReader {
 public:
  static constexpr int kFlowMs = 4;
  static constexpr int kIdleMs = 50;

  LiveReader(Interner& interner, const RingMemory& ring, const int32_t* plan, const LiveOptions& options);
  ~LiveReader() { close(); }

  /** Loads and attaches the programs: from now on events gather. False: see failure(). */
  bool open();
  void close();

  /** Takes a picture of the processes that there are. Events from before it began are passed over from then on. */
  bool snapshot(SectionHeader& header);

  /** Fills the batch in `slot`; see the class about how long that takes. True when the state must be read anew. */
  bool fill(uint32_t slot, uint32_t generation);

  /** Another plan from the next fill on: also in the kernel, whose programs stay where they are. */
  void set_plan(const int32_t* plan, uint32_t annex_words);
  /** What leaves the kernel, where that is not what the plan says. */
  void set_interest(Interest interest);

  /** Writes all events from the first picture on to a capture as well. Before open(). */
  void record(const std::string& path, const WriteOptions& options) {
    record_path_ = path;
    record_options_ = options;
  }
  /** Every event goes there as well; null: nowhere. */
  void keep(RecentEvents* recent) { recent_ = recent; }
  /** True when the capture is as large or as long as it may be. */
  bool is_recorded() const { return is_recorded_; }

  /** Containers that somebody has to be asked about after a picture and after each fill. */
  LiveContainers& containers() { return containers_; }

  const Failure& failure() const { return failure_; }
  void report(double* counters) const;
  /** What the kernel lost. */
  LiveLosses& losses() { return losses_; }
  /** The next event comes from elsewhere, and is in a batch already: it takes a number, and captures have it too. False: bad. */
  bool add(Span event);

 private:
  struct Unload {
    void operator()(live_programs* programs) const { live_programs_unload(programs); }
  };
  struct UnloadIterators {
    void operator()(live_iterators* iterators) const { live_iterators_unload(iterators); }
  };
  enum class Step : uint8_t { kTaken, kNoRoom, kAsks };

  void wait();
  Step take(Span entry);
  /** Makes of an event what the plan says. */
  Step deliver(const RawEvent& raw, Span event);
  /** The events that tell of containers. False: the batch is full. */
  bool tell_of_containers();
  Step keep(const RawEvent& raw, const Recipe& recipe);
  bool start_recording(const SectionHeader& header);
  void write_down(const RawEvent& raw, Span event);

  Interner& interner_;
  RecordWriter writer_;
  Recipes recipes_;
  LiveOptions options_;
  std::vector<int32_t> plan_;
  Interest interest_;
  std::unique_ptr<live_programs, Unload> programs_;
  std::unique_ptr<live_iterators, UnloadIterators> iterators_;
  live_shared* shared_ = nullptr;
  LiveRing ring_;
  EventParams params_;
  uint64_t heap_bytes_;
  uint64_t number_ = 0;
  uint64_t previous_ = 0;      // time of the last event
  uint64_t start_ts_ = 0;      // events from before are in the start state
  uint64_t vital_losses_ = 0;  // that the last picture of the processes has made good
  uint64_t last_picture_ns_ = 0;
  bool was_empty_ = true;  // after the last fill
  bool found_any_ = false;
  uint64_t counters_[kLiveCounters] = {};
  std::string record_path_;  // empty: nothing is recorded
  WriteOptions record_options_;
  CaptureWriter recorder_;
  LiveContainers containers_;
  LiveLosses losses_;
  RecentEvents* recent_ = nullptr;
  bool is_recorded_ = false;
  Failure failure_;
};

}  // namespace peregrine
