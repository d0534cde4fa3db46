// SPDX-License-Identifier: Apache-2.0
#include "reader.h"

namespace peregrine {

namespace {

/** Events of the file that one fill may go through for each record of a batch, so that its time is bounded. */
constexpr uint64_t kPassedPerRecord = 32;
constexpr uint32_t kFlagStateOnly = 1;  // of an event block

}  // namespace

Reader::Reader(Interner& interner, const RingMemory& ring, const int32_t* plan)
    : interner_(interner),
      writer_(ring, interner),
      recipes_(plan),
      batch_events_(ring.events),
      heap_bytes_(ring.heap_bytes),
      has_annexes_(ring.annex_words != 0) {}

bool Reader::open(const std::string& path) {
  if (input_.open(path)) return true;
  failure_ = input_.failure();
  return false;
}

bool Reader::read_section(SectionHeader& header) {
  if (failure_) return false;
  const HeaderStatus status = read_header(input_, interner_, header, failure_);
  counters_[kBytes] = input_.bytes_read();
  if (status == HeaderStatus::kFailed) return false;
  if (status == HeaderStatus::kEnd && is_first_section_) {
    return failure_.set("CAPTURE_NO_EVENTS", "it ends before its first event", static_cast<int64_t>(input_.offset()));
  }
  is_first_section_ = false;
  needs_section_ = false;
  is_leading_ = true;
  lying_block_ = -1;
  converter_.clear();
  seen_threads_.clear();
  return true;
}

FillResult Reader::fill(uint32_t slot, uint32_t generation) {
  writer_.start(slot);
  writer_.header_floats()[slot_word::kFirst / 2] = static_cast<double>(number_);
  const FillResult result = has_annexes_ ? fill_records<true>() : fill_records<false>();
  writer_.header_floats()[slot_word::kLast / 2] = static_cast<double>(number_);
  writer_.header_floats()[slot_word::kFirstEvent / 2] = static_cast<double>(first_number_);
  uint32_t* words = writer_.header_words();
  words[slot_word::kFirstTime] = static_cast<uint32_t>(first_ts_);
  words[slot_word::kFirstTime + 1] = static_cast<uint32_t>(first_ts_ >> 32);
  words[slot_word::kRecords] = writer_.records();
  words[slot_word::kGeneration] = generation;
  words[slot_word::kRecordsEnd] = writer_.end_word();
  words[slot_word::kHeapEnd] = writer_.end_byte();
  return result;
}

/** kTimed: the time of each event is kept for the one behind it, even of those that are passed over at once. */
template <bool kTimed>
FillResult Reader::fill_records() {
  if (failure_) return FillResult::kFailed;
  if (needs_section_) return FillResult::kSection;
  uint64_t left = batch_events_ * kPassedPerRecord;
  Step step = Step::kTaken;
  RawEvent raw;
  uint32_t total;
  while (step == Step::kTaken && left-- > 0 && writer_.has_room()) {
    if (!decode_usual(raw, total)) {
      step = take_next();
      continue;
    }
    const Quick quick = recipes_.quick(raw.type);
    const uint8_t* at = input_.data();
    if (raw.nparams >= quick.skip_from && params_fit(raw, quick.length_width)) {
      if (recent_ != nullptr) {
        locate_params(raw, kEvents[raw.type], params_);
        remember(raw, raw.type);
      }
      pass_over(raw, raw.type, quick.marks, raw.nparams, kNotWanted);
      if constexpr (kTimed) previous_ = raw.ts;
    } else {
      const Block block{kEventBlockType, kEventBlock, total, input_.offset(), {at + kBlockHeader, total - kSmallestBlock}};
      step = take(block, raw);
      if (step != Step::kTaken) break;
    }
    if (load<uint32_t>(at + total - kBlockTrailer) != total) lying_block_ = static_cast<int64_t>(input_.offset());
    input_.consume(total);
  }
  switch (step) {
    case Step::kTaken:
    case Step::kNoRoom:
      return FillResult::kMore;
    case Step::kEnd:
      return FillResult::kEnd;
    case Step::kSection:
      return FillResult::kSection;
    case Step::kFailed:
      break;
  }
  return FillResult::kFailed;
}

/** Decodes the next event where it is in the usual kind of block, in the buffer as a whole, and of a known type. */
inline bool Reader::decode_usual(RawEvent& raw, uint32_t& total) const {
  constexpr uint32_t kPrefix = kBlockHeader + 2;  // the processor's number comes before the event
  const uint8_t* at = input_.data();
  const size_t available = input_.available();
  if (available < kPrefix + kEventHeaderV2 + kBlockTrailer || load<uint32_t>(at) != kEventBlock) return false;
  total = load<uint32_t>(at + 4);
  const uint8_t* start = at + kPrefix;
  const uint32_t len = load<uint32_t>(start + 16);
  raw.type = load<uint16_t>(start + 20);
  if (total > available || total > kBlockHeader + kEventBlockLimit || len < kEventHeaderV2 ||
      static_cast<uint64_t>(len) + kPrefix + kBlockTrailer > total || raw.type >= kEventTypes) {
    return false;
  }
  raw.ts = load<uint64_t>(start);
  raw.tid = load<uint64_t>(start + 8);
  raw.flags = 0;
  raw.cpu = load<uint16_t>(at + kBlockHeader);
  raw.nparams = load<uint32_t>(start + 22);
  raw.lengths = start + kEventHeaderV2;
  raw.end = start + len;
  return true;
}

/** Takes the next block whatever it is, reading on where it is not in the buffer yet. */
Reader::Step Reader::take_next() {
  Block block;
  const BlockStatus status = next_block(input_, block, failure_);
  if (status == BlockStatus::kEnd) return Step::kEnd;
  if (status == BlockStatus::kBlock && block.type.kind == BlockKind::kSection) {
    needs_section_ = true;
    return Step::kSection;
  }
  if (status == BlockStatus::kFailed || block.type.kind != BlockKind::kEvent) return bad_block(block);
  RawEvent raw;
  switch (decode_event(block, raw, failure_)) {
    case EventStatus::kEvent: {
      const Step step = take(block, raw);
      if (step != Step::kTaken) return step;
      break;
    }
    case EventStatus::kUnknownType:
      count_unknown(raw.type);
      break;
    case EventStatus::kFailed:
      return Step::kFailed;
  }
  if (load<uint32_t>(block.body.data + block.body.size) != block.total) lying_block_ = static_cast<int64_t>(block.offset);
  input_.consume(block.total);
  return Step::kTaken;
}

/** What follows the last event is no block. Where that event's lengths differ, the first of them was the lie. */
Reader::Step Reader::bad_block(const Block& block) {
  if (lying_block_ >= 0 && !input_.failure()) {
    failure_ = Failure{};
    failure_.set("CAPTURE_BLOCK_LENGTH", "the length of a block of events is wrong", lying_block_);
  }
  failure_.set("CAPTURE_BLOCK_TYPE", "a block of type " + hex(block.number) + " stands among events",
               static_cast<int64_t>(block.offset));
  return Step::kFailed;
}

Reader::Step Reader::take(const Block& block, const RawEvent& raw) {
  const EventInfo& info = kEvents[raw.type];
  if (!params_fit(raw, info.length_width)) {
    bad_parameter(block, raw.type, failure_);
    return Step::kFailed;
  }
  if (raw.nparams < recipes_.quick(raw.type).skip_from) return take_wanted(raw);
  if (recent_ != nullptr) {
    locate_params(raw, info, params_);
    remember(raw, raw.type);
  }
  pass_over(raw, raw.type, info.marks, raw.nparams, kNotWanted);
  previous_ = raw.ts;
  return Step::kTaken;
}

Reader::Step Reader::take_wanted(const RawEvent& raw) {
  uint16_t type = raw.type;
  locate_params(raw, kEvents[type], params_);
  if (raw.nparams < recipes_.of(type).current_from) {
    const Converted converted = converter_.convert(raw.tid, type, params_);
    if (converted == Converted::kMerged) {
      counters_[kSeen]++;
      counters_[kMerged]++;
      return Step::kTaken;
    }
    if (converted == Converted::kUnknown) {
      count_unknown(raw.type);
      return Step::kTaken;
    }
  }
  const Recipe& recipe = recipes_.of(type);
  Step step = Step::kTaken;
  if (recipe.action == plan_action::kSkip) {
    pass_over(raw, type, kEvents[type].marks, params_.count, kNotWanted);
  } else if (!recipe.holds(type, params_)) {
    pass_over(raw, type, kEvents[type].marks, params_.count, kStateRejected);
  } else {
    step = keep(raw, type, recipe, is_leading_ && (kEvents[type].marks & kLeading) != 0 && !is_of_plugin(type, params_));
  }
  if (step != Step::kTaken) return step;
  if (recent_ != nullptr) remember(raw, type);
  converter_.used();
  previous_ = raw.ts;
  return step;
}

/** Writes the event's record. */
Reader::Step Reader::keep(const RawEvent& raw, uint16_t type, const Recipe& recipe, bool is_leading) {
  const EventInfo& info = kEvents[type];
  if (recipe.has_blobs) {
    const uint64_t bytes = recipe.blob_bytes(type, params_);
    if (bytes > heap_bytes_) {
      counters_[kSeen]++;
      counters_[kOversize]++;
      commit(info.marks, raw);
      return Step::kTaken;
    }
    if (!writer_.fits_blobs(bytes)) return Step::kNoRoom;
  }
  const bool is_state_only = is_leading || (raw.flags & kFlagStateOnly) != 0 || (info.marks & kEnter) != 0;
  const RecordHead head{type,
                        raw.cpu,
                        raw.ts,
                        raw.tid,
                        static_cast<double>(number_ + 1),
                        is_state_only ? record_flag::kStateOnly : 0,
                        previous_};
  writer_.write(head, params_, recipe);
  counters_[kSeen]++;
  counters_[is_state_only || recipe.action == plan_action::kState ? kStateRecords : kRuleRecords]++;
  if ((info.marks & kTouches) != 0 && SeenThreads::covers(raw.tid)) seen_threads_.add(raw.tid);
  commit(info.marks, raw);
  return Step::kTaken;
}

/** Counts an event that nobody wants. The first one of a thread leaves a record that says no more than that. */
inline void Reader::pass_over(const RawEvent& raw, uint16_t type, uint8_t marks, uint32_t nparams,
                              ReaderCounter counter) {
  if ((marks & kTouches) != 0 && SeenThreads::covers(raw.tid) && !seen_threads_.has(raw.tid)) {
    seen_threads_.add(raw.tid);
    const RecordHead head{type,   raw.cpu, raw.ts, raw.tid, static_cast<double>(number_ + 1),
                          record_flag::kTouch | record_flag::kStateOnly};
    writer_.write_touch(head, nparams);
  }
  counters_[kSeen]++;
  counters_[counter]++;
  commit(marks, raw);
}

/** The event has got its number: what outlives it is changed now. */
inline void Reader::commit(uint8_t marks, const RawEvent& raw) {
  number_++;
  if (first_number_ == 0 && (marks & kMeta) == 0) {
    first_number_ = number_;
    first_ts_ = raw.ts;
  }
  is_leading_ &= (marks & kLeading) != 0;
  if ((marks & kProcessExit) != 0 && SeenThreads::covers(raw.tid)) seen_threads_.remove(raw.tid);
}

/** Keeps the event in params_, which gets its number now. */
void Reader::remember(const RawEvent& raw, uint16_t type) {
  recent_->add({raw.ts, raw.tid, raw.cpu, raw.flags}, type, params_);
}

void Reader::count_unknown(uint16_t type) {
  counters_[kSeen]++;
  counters_[kUnknownType]++;
  unknown_types_[type]++;
}

void Reader::report(double* counters) const {
  for (uint32_t i = 0; i < kReaderCounters; i++) counters[i] = static_cast<double>(counters_[i]);
  counters[kBytes] = static_cast<double>(input_.bytes_read());
  counters[kInflateNs] = static_cast<double>(input_.inflate_ns());
  counters[kLastNumber] = static_cast<double>(number_);
}

}  // namespace peregrine
