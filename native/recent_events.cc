// SPDX-License-Identifier: Apache-2.0
#include "recent_events.h"

#include <algorithm>
#include <cstdio>

namespace peregrine {

namespace {

constexpr uint32_t kFlagStateOnly = 1;
/** Segments that the time and the bytes before a match are made of. */
constexpr uint64_t kParts = 4;
constexpr uint64_t kLeastBytes = 256 * 1024;
constexpr uint64_t kLeastNs = 250'000'000;
/** Of chosen events, a segment has so many bytes: those that were written are given back. */
constexpr uint64_t kPieceBytes = 1024 * 1024;
/** Bytes that are written at once, so that reading goes on; more only where too much waits. */
constexpr uint64_t kWriteBytes = 1024 * 1024;
constexpr uint64_t kMostWaiting = 256 * 1024 * 1024;
/** Events can come somewhat late: a capture ends by the clock so long behind its end. */
constexpr uint64_t kLateNs = 1'000'000'000;
constexpr int kGzip = 1;

bool is_flagged(uint32_t number) {
  return number == block_number::kFlaggedEvent || number == block_number::kFlaggedLargeEvent;
}

}  // namespace

void RecentEvents::begin(const SectionHeader& header, const Interner& names, bool is_section) {
  auto made = std::make_unique<Segment>();
  made->writer.keep();
  made->writer.section(header, names);
  made->lists = made->writer.kept().size;
  made->first_number = last_number_ + 1;
  made->start = bytes_;
  made->is_section = is_section;
  segments_.push_back(std::move(made));
  if (is_choosing_ && writer_ == nullptr && !is_full_) open(path_, dropped_);
}

bool RecentEvents::is_due() const {
  if (is_choosing_ || segments_.empty() || segments_.back()->first_ts == 0) return false;
  const Segment& last = *segments_.back();
  return bytes_ - last.start >= std::max(matches_.before_bytes / kParts, kLeastBytes) ||
         last_ts_ - last.first_ts >= std::max(matches_.before_ns / kParts, kLeastNs);
}

void RecentEvents::add(const EventHead& head, uint16_t type, const EventParams& params) {
  if (segments_.empty()) return;
  segments_.back()->writer.write(head, type, params);
  added(head.ts);
}

void RecentEvents::add(Span event, uint16_t cpu) {
  if (segments_.empty()) return;
  segments_.back()->writer.pass(event, cpu, 0);
  added(load<uint64_t>(event.data));
}

void RecentEvents::added(uint64_t ts) {
  Segment& last = *segments_.back();
  last_number_++;
  if (last.first_ts == 0) last.first_ts = ts;
  if (ts > last_ts_) last_ts_ = ts;
  bytes_ = last.start + last.writer.kept().size - last.lists;
  if (!is_choosing_ || bytes_ - last.start < kPieceBytes) return;
  auto made = std::make_unique<Segment>();
  made->writer.keep();
  made->first_number = last_number_ + 1;
  made->start = bytes_;
  segments_.push_back(std::move(made));
}

/** The segment that event `number` is in, or the last one. */
uint64_t RecentEvents::holding(uint64_t number) const {
  size_t at = segments_.size() - 1;
  while (at > 0 && segments_[at]->first_number > number) at--;
  return dropped_ + at;
}

void RecentEvents::match(uint64_t number, uint64_t ts, uint64_t duration) {
  if (is_choosing_ || segments_.empty()) return;
  const uint64_t end = ts + duration;
  if (writer_ != nullptr && ts <= until_) {
    until_ = std::max(until_, end);
    return;
  }
  if (writer_ != nullptr) {
    // No event before this one matches any more.
    settled_to_ = std::max(settled_to_, number - 1);
    write(UINT64_MAX);
    if (writer_ != nullptr) finish();
  }
  const uint64_t holder = holding(number);
  uint64_t from = holder;
  while (from > dropped_ && segment(from).first_ts + matches_.before_ns > ts) from--;
  while (from < holder && segment(holder).start - segment(from).start > matches_.before_bytes) from++;
  char name[64];
  std::snprintf(name, sizeof name, "_%020llu_%020llu.scap", static_cast<unsigned long long>(ts),
                static_cast<unsigned long long>(number));
  write_ = WriteOptions{};
  write_.gzip_level = kGzip;
  write_.most_bytes = matches_.most_bytes;
  until_ = end;
  open_ = FinishedCapture{};
  open_.match = number;
  open(matches_.prefix + name, from);
}

bool RecentEvents::open(const std::string& path, uint64_t from) {
  open_.path = path;
  writer_ = std::make_unique<CaptureWriter>();
  const Segment& first = segment(from);
  const bool is_good = writer_->open(path, write_) && writer_->write_kept({first.writer.kept().data, first.lists});
  cursor_ = {from, first.lists, first.first_number};
  if (!is_good) finish();
  return is_good;
}

void RecentEvents::finish() {
  open_.events = writer_->events();
  writer_->close();
  open_.failure = writer_->failure();
  finished_.push_back(open_);
  writer_.reset();
  if (is_choosing_) is_full_ = true;
}

void RecentEvents::choose(const double* numbers, size_t count) {
  for (size_t i = 0; i < count; i++) chosen_.push_back(static_cast<uint64_t>(numbers[i]));
}

RecentEvents::Kept RecentEvents::kept_at(const Segment& segment, size_t at) const {
  const uint8_t* block = segment.writer.kept().data + at;
  const bool has_flags = is_flagged(load<uint32_t>(block));
  const uint8_t* body = block + kBlockHeader;
  const uint8_t* event = body + (has_flags ? 6 : 2);
  return {{event, load<uint32_t>(event + 16)}, load<uint16_t>(body), has_flags ? load<uint32_t>(body + 2) : 0,
          load<uint32_t>(block + 4)};
}

/** Writes the event at the cursor, where it is wanted. */
Written RecentEvents::write_one(const Kept& kept) {
  uint32_t flags = kept.flags;
  if (is_choosing_) {
    const bool is_chosen = !chosen_.empty() && chosen_.front() == cursor_.number;
    if (is_chosen) {
      chosen_.pop_front();
    } else {
      const EventInfo& info = kEvents[load<uint16_t>(kept.event.data + 20)];
      const bool changes = (info.flags & kFlagModifiesState) != 0 || (info.marks & kLeading) != 0;
      if (!changes && flags == 0) return Written::kLeftOut;
      flags |= kFlagStateOnly;
    }
  }
  return writer_->pass(kept.event, kept.cpu, flags);
}

/** Writes what is settled of the open capture, `most` bytes or so. */
void RecentEvents::write(uint64_t most) {
  uint64_t written = 0;
  while (writer_ != nullptr && written < most && cursor_.number <= settled_to_) {
    Segment& at = segment(cursor_.segment);
    if (cursor_.at >= at.writer.kept().size) {
      if (cursor_.segment + 1 - dropped_ >= segments_.size()) return;
      cursor_.segment++;
      const Segment& next = segment(cursor_.segment);
      cursor_.at = next.lists;
      if (next.is_section && !writer_->write_kept({next.writer.kept().data, next.lists})) return finish();
      continue;
    }
    const Kept kept = kept_at(at, cursor_.at);
    // Not before the match: times need not ascend where plugins add events, or processors do not agree.
    const bool is_behind = cursor_.number > open_.match && load<uint64_t>(kept.event.data) > until_;
    if (!is_choosing_ && is_behind) return finish();
    const Written result = write_one(kept);
    if (result == Written::kFull) {
      open_.is_cut = true;
      return finish();
    }
    if (result == Written::kFailed) return finish();
    cursor_.at += kept.total;
    cursor_.number++;
    written += kept.total;
  }
}

void RecentEvents::settle(uint64_t number) {
  if (moments_.empty() || moments_.back().number != last_number_) moments_.push_back({last_number_, last_ts_});
  settled_to_ = std::max(settled_to_, number);
  while (!moments_.empty() && moments_.front().number <= settled_to_) {
    settled_ = moments_.front();
    moments_.pop_front();
  }
  const uint64_t waiting = segments_.empty() ? 0 : bytes_ - segments_.front()->start;
  write(waiting > kMostWaiting ? UINT64_MAX : kWriteBytes);
  drop();
}

/** Drops the segments that nobody can ask for any more. */
void RecentEvents::drop() {
  while (segments_.size() > 1) {
    const Segment& first = *segments_[0];
    const Segment& next = *segments_[1];
    if (next.first_number > settled_to_ + 1 || (writer_ != nullptr && cursor_.segment == dropped_)) return;
    const bool is_old = next.first_ts != 0 && next.first_ts + matches_.before_ns <= settled_.ts;
    const bool is_far = segment(holding(settled_to_ + 1)).start - first.start > matches_.before_bytes;
    if (!is_choosing_ && !is_old && !is_far) return;
    segments_.pop_front();
    dropped_++;
  }
}

void RecentEvents::pass_time(uint64_t now) {
  if (!is_choosing_ && writer_ != nullptr && settled_to_ >= last_number_ && now > until_ + kLateNs) {
    write(UINT64_MAX);
    if (writer_ != nullptr) finish();
  }
}

void RecentEvents::close() {
  settled_to_ = last_number_;
  write(UINT64_MAX);
  if (writer_ != nullptr) finish();
}

}  // namespace peregrine
