// SPDX-License-Identifier: Apache-2.0
#include "capture_copy.h"

#include "recipe.h"

namespace peregrine {

namespace {

constexpr uint32_t kFlagStateOnly = 1;
/** Blocks of the file that are looked at to find out whether it has both halves of system calls. */
constexpr uint32_t kSample = 4096;

/** Whether an event tells of a user or a group of the machine itself, in full: one that a container has names it last. */
bool is_of_host(uint16_t type, const EventParams& params) {
  const bool is_user = type == event_type::kUserAddedE;
  if (!is_user && type != event_type::kGroupAddedE) return false;
  const uint32_t last = is_user ? 5 : 2;
  if (params.count <= last || params.param[0].size != 4 || (is_user && params.param[1].size != 4)) return false;
  const Span container = params.param[last];
  return container.size == 0 || container.data[0] == 0;
}

/** The strings of a section's lists, for as long as they are being copied. Pages that are not used are never touched. */
class Names {
 public:
  bool allocate(uint32_t ids, uint64_t bytes) {
    ids_ = ids;
    bytes_ = bytes;
    return offsets_.resize(size_t{ids} * 4) && lengths_.resize(size_t{ids} * 4) && flags_.resize(ids) &&
           arena_.resize(bytes);
  }
  DictionaryMemory memory() const {
    return {reinterpret_cast<uint32_t*>(offsets_.data()), reinterpret_cast<uint32_t*>(lengths_.data()), flags_.data(),
            arena_.data(), ids_, bytes_};
  }

 private:
  Buffer offsets_, lengths_, flags_, arena_;
  uint32_t ids_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

bool CaptureCopy::open(const std::string& from, const std::string& to, const Options& options) {
  options_ = options;
  from_ = from;
  to_ = to;
  if (!input_.open(from)) {
    failure_ = input_.failure();
    return false;
  }
  if (is_legacy()) is_paired_ = is_paired(from);
  return begin_section(true);
}

/** Reads the lists of the section that begins here and writes them. */
bool CaptureCopy::begin_section(bool is_first) {
  Names memory;
  if (!memory.allocate(options_.strings, options_.string_bytes)) return failure_.set("CAPTURE_READ", "there is no memory for its lists");
  Interner names(memory.memory());
  SectionHeader header;
  const HeaderStatus status = read_header(input_, names, header, failure_);
  if (status == HeaderStatus::kFailed) return false;
  if (status == HeaderStatus::kEnd && is_first) {
    return failure_.set("CAPTURE_NO_EVENTS", "it ends before its first event", static_cast<int64_t>(input_.offset()));
  }
  is_first_section_ = is_first;
  if (is_legacy() && is_first) add_people(names, header);
  if (names.lost() > 0) return failure_.set("CAPTURE_READ", "its lists have more strings than there is room for");
  is_leading_ = true;
  converter_.clear();
  held_.clear();
  held_bytes_ = 0;
  return is_first ? writer_.open(to_, options_.write, header, names) : writer_.section(header, names);
}

/** Puts the users and groups that the first events tell of into the lists: events of them came later than these. */
void CaptureCopy::add_people(Interner& names, SectionHeader& header) const {
  Input input;
  Failure failure;
  Block block;
  RawEvent raw;
  if (!input.open(from_)) return;
  std::unordered_map<uint32_t, size_t> users, groups;
  for (const UserEntry& user : header.users) users.emplace(user.uid, users.size());
  for (const GroupEntry& group : header.groups) groups.emplace(group.gid, groups.size());
  for (bool is_past_header = false; next_block(input, block, failure) == BlockStatus::kBlock; input.consume(block.total)) {
    if (block.type.kind == BlockKind::kSection && is_past_header) return;
    is_past_header = true;
    if (block.type.kind != BlockKind::kEvent) continue;
    if (decode_event(block, raw, failure) != EventStatus::kEvent || (kEvents[raw.type].marks & kLeading) == 0 ||
        !params_fit(raw, kEvents[raw.type].length_width)) {
      return;
    }
    EventParams params;
    locate_params(raw, kEvents[raw.type], params);
    if (!is_of_host(raw.type, params)) continue;
    const auto name = [&](uint32_t i) { return names.intern(until_nul(params.param[i])); };
    if (raw.type == event_type::kUserAddedE) {
      const UserEntry user{load<uint32_t>(params.param[0].data), load<uint32_t>(params.param[1].data), name(2), name(3), name(4)};
      const auto [at, is_new] = users.emplace(user.uid, header.users.size());
      if (is_new) header.users.push_back(user); else header.users[at->second] = user;
    } else {
      const GroupEntry group{load<uint32_t>(params.param[0].data), name(1)};
      const auto [at, is_new] = groups.emplace(group.gid, header.groups.size());
      if (is_new) header.groups.push_back(group); else header.groups[at->second] = group;
    }
  }
}

/** True where one of the first events is the first half of a system call, of a kind that is not recorded any more. */
bool CaptureCopy::is_paired(const std::string& path) const {
  Input input;
  Failure failure;
  Block block;
  RawEvent raw;
  if (!input.open(path)) return false;
  for (uint32_t i = 0; i < kSample && next_block(input, block, failure) == BlockStatus::kBlock; i++) {
    if (block.type.kind == BlockKind::kEvent && decode_event(block, raw, failure) == EventStatus::kEvent &&
        (kEvents[raw.type].marks & kEnter) != 0 && (kEvents[raw.type].flags & kFlagOldVersion) != 0) {
      return true;
    }
    input.consume(block.total);
  }
  return false;
}

bool CaptureCopy::run(const double* numbers, size_t count, bool all, uint64_t most) {
  wanted_ = numbers;
  wanted_end_ = numbers + count;
  Block block;
  for (uint64_t left = most; left > 0; left--) {
    if (is_at_end_ || failure_ || writer_.failure()) return false;
    if (numbers != nullptr && wanted_ == wanted_end_) return true;
    const BlockStatus status = next_block(input_, block, failure_);
    if (status == BlockStatus::kEnd) is_at_end_ = true;
    if (status != BlockStatus::kBlock) return false;
    if (block.type.kind == BlockKind::kSection) {
      if (!begin_section(false)) return false;
      continue;
    }
    if (!take(block, all)) return false;
    input_.consume(block.total);
  }
  return true;
}

bool CaptureCopy::take(const Block& block, bool all) {
  if (block.type.kind != BlockKind::kEvent) {
    return failure_.set("CAPTURE_BLOCK_TYPE", "a block of type " + hex(block.number) + " stands among events",
                        static_cast<int64_t>(block.offset));
  }
  RawEvent raw;
  switch (decode_event(block, raw, failure_)) {
    case EventStatus::kUnknownType:
      return take_unknown(block, all);
    case EventStatus::kFailed:
      return false;
    case EventStatus::kEvent:
      break;
  }
  if (!params_fit(raw, kEvents[raw.type].length_width)) {
    bad_parameter(block, raw.type, failure_);
    return false;
  }
  return take_event(block, raw, all);
}

bool CaptureCopy::take_event(const Block& block, const RawEvent& raw, bool all) {
  const EventInfo& info = kEvents[raw.type];
  uint16_t type = raw.type;
  locate_params(raw, info, params_);
  EventParams original;
  Converted converted = Converted::kPassed;
  const bool may_change = raw.nparams < Converter::current_from(info);
  if (may_change) {
    if (is_legacy()) original = params_;
    converted = converter_.convert(raw.tid, type, params_);
  }
  if (converted == Converted::kUnknown) {
    if (all && !is_legacy()) return writer_.pass(whole(raw), raw.cpu, raw.flags) != Written::kFailed;
    return take_unknown(block, all);
  }
  if (converted == Converted::kMerged) return take_half(raw, is_legacy() ? original : params_, all);
  number_++;
  is_leading_ &= (kEvents[type].marks & kLeading) != 0;
  const bool is_changed = type != raw.type || params_.count > raw.nparams;
  const Verdict verdict = judge(type, all, raw.flags);
  // These are in the lists.
  if (is_legacy() && is_leading_ && is_first_section_ && is_of_host(type, params_)) return true;
  const bool good = verdict == Verdict::kDrop || write(raw, may_change ? original : params_, is_changed, type, params_, verdict);
  converter_.used();
  return good;
}

CaptureCopy::Verdict CaptureCopy::judge(uint16_t type, bool all, uint32_t flags) {
  if (all) return Verdict::kKeep;
  if (wanted_ < wanted_end_ && *wanted_ <= static_cast<double>(number_)) {
    wanted_++;
    return Verdict::kKeep;
  }
  // What tells of users, groups and containers is part of what a reader must know; so are the first of these events.
  const bool is_state = (flags & kFlagStateOnly) != 0;
  const bool is_known = (kEvents[type].marks & kLeading) != 0 && (is_state || !is_of_plugin(type, params_));
  const bool changes = (kEvents[type].flags & kFlagModifiesState) != 0 || is_state;
  return is_known || (options_.keep_state && changes) ? Verdict::kState : Verdict::kDrop;
}

/** Events of a type that is not known, or that cannot be brought up to date: only a copy of everything has them. */
bool CaptureCopy::take_unknown(const Block& block, bool all) {
  if (!all) return true;
  if (!is_legacy()) return writer_.write_raw(block.number, block.body);
  unknown_left_out_++;
  return true;
}

/** The first half of a system call: today its exit says it all, then it was an event of its own. */
bool CaptureCopy::take_half(const RawEvent& raw, const EventParams& params, bool all) {
  if (!is_legacy() || !LegacyEvents::fits(raw.type, raw.nparams, params)) return true;
  const Span event = whole(raw);
  if (all) return writer_.pass(event, raw.cpu, raw.flags) != Written::kFailed;
  if (held_.size() >= kMaxHeld || held_bytes_ > kMaxHeldBytes) {
    held_.clear();
    held_bytes_ = 0;
  }
  Held& held = held_[raw.tid];
  held_bytes_ -= held.event.capacity();
  held.cpu = raw.cpu;
  held.flags = raw.flags;
  held.event.assign(event.data, event.data + event.size);
  held_bytes_ += held.event.capacity();
  return true;
}

bool CaptureCopy::write_held(const RawEvent& raw, uint32_t flags) {
  const auto at = held_.find(raw.tid);
  if (at == held_.end() || at->second.event.empty()) return true;
  Held& held = at->second;
  const bool belongs = load<uint16_t>(held.event.data() + 20) + 1 == raw.type;
  const bool good = !belongs || writer_.pass({held.event.data(), held.event.size()}, held.cpu, held.flags | flags) != Written::kFailed;
  held.event.clear();
  return good;
}

bool CaptureCopy::write(const RawEvent& raw, const EventParams& original, bool is_changed, uint16_t type,
                        const EventParams& params, Verdict verdict) {
  const uint32_t flags = raw.flags | (verdict == Verdict::kState && !is_leading_ ? kFlagStateOnly : 0);
  const uint64_t before = writer_.events();
  Written written;
  if (is_legacy()) {
    if (!write_held(raw, flags)) return false;
    const bool stays = is_paired_ && LegacyEvents::fits(raw.type, raw.nparams, original);
    written = stays ? writer_.pass(whole(raw), raw.cpu, flags) : writer_.write({raw.ts, raw.tid, raw.cpu, flags}, type, params);
  } else if (is_changed) {
    written = writer_.write({raw.ts, raw.tid, raw.cpu, flags}, type, params);
  } else {
    written = writer_.pass(whole(raw), raw.cpu, flags);
  }
  if (verdict == Verdict::kState) for_state_ += writer_.events() - before;
  return written != Written::kFailed;
}

/** The event with a header that tells the number of its parameters, as every event that is written has it. */
Span CaptureCopy::whole(const RawEvent& raw) {
  const size_t rest = static_cast<size_t>(raw.end - raw.lengths);
  event_.clear();
  event_.put(raw.ts).put(raw.tid).put(static_cast<uint32_t>(kEventHeaderV2 + rest)).put(raw.type).put(raw.nparams);
  return event_.add({raw.lengths, rest}).span();
}

void CaptureCopy::report(double* counters) const {
  counters[kCopied] = static_cast<double>(writer_.events());
  counters[kCopiedForState] = static_cast<double>(for_state_);
  counters[kCopyLeftOut] = static_cast<double>(writer_.left_out() + unknown_left_out_);
  counters[kCopyBytes] = static_cast<double>(writer_.file_bytes());
}

}  // namespace peregrine
