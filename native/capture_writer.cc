// SPDX-License-Identifier: Apache-2.0
#include "capture_writer.h"

namespace peregrine {

namespace {

constexpr uint64_t kNoThread = UINT64_MAX;
/** Bytes of a block around an event: block header, processor, flags, padding, trailer. */
constexpr size_t kAround = kBlockHeader + 2 + 4 + 3 + kBlockTrailer;

struct Whole {
  RawEvent raw;
  const EventInfo* info;
};

/** Decodes a whole event. False where its lengths do not add up or its type is not known. */
bool decode(Span event, Whole& whole) {
  if (event.size < kEventHeaderV2 || load<uint32_t>(event.data + 16) != event.size) return false;
  RawEvent& raw = whole.raw;
  raw.ts = load<uint64_t>(event.data);
  raw.tid = load<uint64_t>(event.data + 8);
  raw.type = load<uint16_t>(event.data + 20);
  if (raw.type >= kEventTypes) return false;
  raw.nparams = load<uint32_t>(event.data + 22);
  raw.lengths = event.data + kEventHeaderV2;
  raw.end = event.data + event.size;
  whole.info = &kEvents[raw.type];
  // Counted one by one: behind a foreign event there may be no byte that sum_of_lengths() could read.
  const size_t room = event.size - kEventHeaderV2;
  const uint32_t width = whole.info->length_width;
  if (raw.nparams > room / width) return false;
  uint64_t sum = static_cast<uint64_t>(raw.nparams) * width;
  for (uint32_t i = 0; i < raw.nparams; i++) {
    sum += width == 2 ? load<uint16_t>(raw.lengths + 2 * i) : load<uint32_t>(raw.lengths + 4 * i);
  }
  return sum <= room;
}

}  // namespace

bool CaptureWriter::open(const std::string& path, const WriteOptions& options, const SectionHeader& header,
                         const Interner& names) {
  return open(path, options) && section(header, names);
}

bool CaptureWriter::open(const std::string& path, const WriteOptions& options) {
  begin(options);
  return output_.open(path, options.gzip_level);
}

void CaptureWriter::keep() {
  begin({});
  output_.keep();
}

void CaptureWriter::begin(const WriteOptions& options) {
  options_ = options;
  events_ = left_out_ = first_ts_ = 0;
  entered_.clear();
}

bool CaptureWriter::section(const SectionHeader& header, const Interner& names) {
  entered_.clear();
  return write_header(output_, header, names, options_.schema);
}

/**
 * Whether the file stays within its bound with a block of `size` bytes. What the compressor has not packed yet counts in
 * full, until it does not fit: then it is flushed, which leaves most of that room again. Each flush comes when as much as
 * the room left is waiting, so a file needs some 30 of them, growing with the logarithm of its bound.
 */
bool CaptureWriter::fits(size_t size) {
  if (output_.most_file_bytes(size) <= options_.most_bytes) return true;
  if (options_.gzip_level == 0 || output_.unflushed() == 0) return false;
  // Where it fails, so does writing the event, which tells.
  return !output_.flush() || output_.most_file_bytes(size) <= options_.most_bytes;
}

bool CaptureWriter::is_full(uint64_t ts, size_t size) {
  if (events_ == 0) return false;
  if (options_.most_events != 0 && events_ >= options_.most_events) return true;
  if (options_.most_bytes != 0 && !fits(size + kAround)) return true;
  return options_.most_ns != 0 && ts >= first_ts_ && ts - first_ts_ >= options_.most_ns;
}

Written CaptureWriter::write(Span event, uint16_t cpu, uint32_t flags) {
  Whole whole;
  if (!decode(event, whole)) return Written::kBad;
  if (options_.schema == CaptureSchema::kCurrent) return pass(event, cpu, flags);
  EventParams params;
  locate_params(whole.raw, *whole.info, params);
  return write_legacy({whole.raw.ts, whole.raw.tid, cpu, flags}, whole.raw.type, params);
}

Written CaptureWriter::write(const EventHead& head, uint16_t type, const EventParams& params) {
  return options_.schema == CaptureSchema::kCurrent ? build(head, type, params) : write_legacy(head, type, params);
}

Written CaptureWriter::pass(Span event, uint16_t cpu, uint32_t flags) {
  const uint64_t ts = load<uint64_t>(event.data);
  if (is_full(ts, event.size)) return Written::kFull;
  if (events_ == 0) first_ts_ = ts;
  return put(event, cpu, flags);
}

Written CaptureWriter::write_legacy(const EventHead& head, uint16_t type, const EventParams& params) {
  if (!legacy_.convert(type, params)) {
    left_out_++;
    return Written::kLeftOut;
  }
  const auto entered = entered_.find(head.tid);
  const bool is_entered = entered != entered_.end() && entered->second == legacy_.enter().type;
  if (legacy_.enter().type != kNoLegacyType && !is_entered) {
    const Written written = build(head, legacy_.enter().type, legacy_.enter().params);
    if (written != Written::kWritten) return written;
  }
  return build(head, legacy_.exit().type, legacy_.exit().params);
}

Written CaptureWriter::build(const EventHead& head, uint16_t type, const EventParams& params) {
  const uint32_t width = kEvents[type].length_width;
  uint64_t size = kEventHeaderV2 + static_cast<uint64_t>(params.count) * width;
  for (uint32_t i = 0; i < params.count; i++) size += params.param[i].size;
  if (is_full(head.ts, size)) return Written::kFull;
  if (events_ == 0) first_ts_ = head.ts;
  event_.clear();
  event_.put(head.ts).put(head.tid).put(static_cast<uint32_t>(size)).put(type).put(params.count);
  for (uint32_t i = 0; i < params.count; i++) {
    const size_t length = params.param[i].size;
    if (width == 2) {
      event_.put(static_cast<uint16_t>(length));
    } else {
      event_.put(static_cast<uint32_t>(length));
    }
  }
  for (uint32_t i = 0; i < params.count; i++) event_.add(params.param[i]);
  return put(event_.span(), head.cpu, head.flags);
}

/** Writes the block of a whole event. */
Written CaptureWriter::put(Span event, uint16_t cpu, uint32_t flags) {
  const uint16_t type = load<uint16_t>(event.data + 20);
  if (options_.schema == CaptureSchema::kLegacy) {
    const uint64_t tid = load<uint64_t>(event.data + 8);
    if ((type & 1) != 0) {
      entered_.erase(tid);
    } else if ((kEvents[type].marks & kEnter) != 0) {
      // Forgetting costs no more than a second enter event.
      if (entered_.size() >= kMaxEntered) entered_.clear();
      entered_[tid] = type;
    }
  }
  uint8_t prefix[6];
  std::memcpy(prefix, &cpu, sizeof cpu);
  std::memcpy(prefix + sizeof cpu, &flags, sizeof flags);
  const size_t prefix_size = flags == 0 ? 2 : 6;
  const size_t padded = (prefix_size + event.size + 3) & ~size_t{3};
  const bool is_large = kEvents[type].length_width == 4 || padded + kBlockTrailer > kEventBlockLimit;
  uint32_t number = flags == 0 ? kEventBlock : block_number::kFlaggedEvent;
  if (is_large) number = flags == 0 ? block_number::kLargeEvent : block_number::kFlaggedLargeEvent;
  if (!write_block(output_, number, {prefix, prefix_size}, event)) return Written::kFailed;
  events_++;
  return Written::kWritten;
}

Written CaptureWriter::write_plugin(uint64_t ts, uint32_t plugin, Span data) {
  EventParams params;
  params.count = 2;
  params.param[0] = {reinterpret_cast<const uint8_t*>(&plugin), sizeof plugin};
  params.param[1] = data;
  return build({ts, kNoThread, 0, 0}, event_type::kPlugineventE, params);
}

Written CaptureWriter::write_async(uint64_t ts, uint32_t plugin, Span name, Span data) {
  EventParams params;
  params.count = 3;
  params.param[0] = {reinterpret_cast<const uint8_t*>(&plugin), sizeof plugin};
  params.param[1] = name;
  params.param[2] = data;
  return write({ts, kNoThread, 0, 0}, event_type::kAsynceventE, params);
}

bool CaptureWriter::write_raw(uint32_t number, Span body) { return write_block(output_, number, body); }

}  // namespace peregrine
