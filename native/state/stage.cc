// SPDX-License-Identifier: Apache-2.0
#include "stage.h"

#include "picture.h"
#include "poll_list.h"
#include "snapshot.h"

namespace peregrine::state {

namespace {

void do_nothing(Tables&) {}

/** Rows that one event takes at the most, but for the end of a thread with many children. */
constexpr int32_t kRowsOfEvent = 3;

}  // namespace

Stage::Stage(Interner& interner, const TableMemory& memory, const SlotLayout& layout, const int32_t* plan,
             AnnexDemand annex)
    : tables(interner, memory, std::move(annex)), layout_(layout), reserve_(kRowsOfEvent * static_cast<int32_t>(layout.events)) {
  types_.reserve(kEventTypes);
  read_plan(plan);
}

void Stage::set_plan(const int32_t* plan, AnnexDemand annex) {
  tables.annexes.change(std::move(annex));
  read_plan(plan);
}

void Stage::read_plan(const int32_t* plan) {
  types_.clear();
  wanted_fds_.clear();
  for (uint16_t type = 0; type < kEventTypes; type++) types_.push_back(type_of(type, plan + type * kPlanWords));
  for (const Rules& rules : all_rules()) {
    for (const Rule& rule : rules) {
      if (rule.when == 0 || tables.annexes.demand().asks(rule.when)) types_[rule.type].run = rule.run;
    }
  }
}

Stage::Type Stage::type_of(uint16_t type, const int32_t* plan) {
  const EventInfo& info = kEvents[type];
  Type made{do_nothing, 0, 0, (plan[0] & ~plan_action::kImage) == plan_action::kRules, (info.marks & kFindsOnly) == 0, 0, 0, 0};
  if (info.fd_param >= 0 && (info.flags & kFlagUsesFd) != 0) {
    made.fd_param = static_cast<uint8_t>(info.fd_param);
    made.fd_word = word_of(type, made.fd_param);
  }
  made.first_fd = static_cast<uint16_t>(wanted_fds_.size());
  if (!made.is_evaluated) return made;
  const uint32_t wanted = plan[1];
  for (uint32_t i = 0; i < info.nparams; i++) {
    const ParamKind kind = kParams[info.first_param + i].kind;
    if ((wanted >> i & 1) == 0 || (kind != ParamKind::kFd && kind != ParamKind::kFd32)) continue;
    wanted_fds_.push_back({word_of(type, i), static_cast<uint16_t>(kind == ParamKind::kFd ? 2 : 1)});
    made.fd_count++;
  }
  if (info.poll_list >= 0 && (wanted >> info.poll_list & 1) != 0) {
    made.poll_list = word_of(type, static_cast<uint32_t>(info.poll_list));
  }
  return made;
}

void Stage::begin(const SectionHeader& header, double number) {
  tables.advance(has_begun_ ? number : 0);
  has_begun_ = true;
  tables.clear_lookups();
  idle_.clear();
  load_section(tables, header);
  remember(header);
}

void Stage::remember(const SectionHeader& header) {
  base_.machine = header.machine;
  base_.interfaces = header.interfaces;
  people_.clear();
  const auto text = [&](uint32_t id) {
    const Span bytes = tables.strings.bytes(id);
    return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
  };
  for (const UserEntry& user : header.users) people_.push_back({user, text(user.name), text(user.home), text(user.shell), false});
  for (const GroupEntry& group : header.groups) people_.push_back({{0, group.gid, 0, 0, 0}, text(group.name), {}, {}, true});
}

SectionHeader Stage::picture() {
  base_.users.clear();
  base_.groups.clear();
  const auto id = [&](const std::string& text) { return tables.strings.intern(text); };
  for (const Named& named : people_) {
    if (named.is_group) {
      base_.groups.push_back({named.user.gid, id(named.name)});
    } else {
      base_.users.push_back({named.user.uid, named.user.gid, id(named.name), id(named.home), id(named.shell)});
    }
  }
  return state::picture(tables, base_);
}

void Stage::apply(uint32_t slot) {
  int32_t* const ring = reinterpret_cast<int32_t*>(tables.ring);
  int32_t* const base = ring + slot * layout_.slot_words;
  int32_t* const first = base + layout_.wanted_word;
  int32_t* wanted = first;
  int32_t* record = base + layout_.records_word;
  for (int32_t left = base[slot_word::kRecords]; left > 0; left--) {
    const Type& type = types_[static_cast<uint16_t>(record[record_word::kType])];
    tables.record = record;
    event(type);
    if (type.is_evaluated && (record[record_word::kFlags] & record_flag::kStateOnly) == 0) {
      complete(type);
      *wanted++ = static_cast<int32_t>(record - ring);
    }
    record += record[record_word::kSize];
  }
  base[slot_word::kWanted] = static_cast<int32_t>(wanted - first);
}

/** Applies the record in hand to the tables. */
inline void Stage::event(const Type& type) {
  Tables& c = tables;
  c.advance(load<double>(reinterpret_cast<const uint8_t*>(c.record + record_word::kNumber)));
  c.settle_deferred();
  const uint32_t time = static_cast<uint32_t>(c.record[record_word::kTime + 1]);
  if (idle_.is_due(time)) idle_.scan(c, time, reserve_ + c.threads.largest_family());
  c.fd = -1;
  c.fd_row = 0;
  c.is_name_changed = false;
  c.t = c.threads.find(c.threads.slot(c.tid()));
  c.lead = 0;
  if (c.t != 0) {
    c.lead = c.threads.leader(c.t);
    c.threads[c.t].last_seen = time;
  } else if (type.makes_thread) {
    const int32_t slot = c.threads.slot_for(c.tid());
    if (slot > 0) c.t = c.placeholder(slot);
    if (c.t == 0) return;
    c.threads[c.t].last_seen = time;
  }
  if ((c.record[record_word::kFlags] & record_flag::kTouch) != 0) return;
  if (type.fd_word != 0 && c.has(type.fd_param)) {
    c.fd = c.fd_at(type.fd_word);
    if (c.fd >= 0) c.fd_row = c.fds.get(c.owner(), c.fd);
  }
  type.run(c);
}

/** Stores what rules see of the tables at the record in hand. */
inline void Stage::complete(const Type& type) {
  Tables& c = tables;
  int32_t* record = c.record;
  record[record_word::kFd] = c.fd;
  record[record_word::kFdRow] = c.fd_row;
  if (c.t == 0) return;
  const int32_t lead = c.threads.leader(c.t);
  record[record_word::kRow] = c.threads[c.t].row;
  record[record_word::kLeader] = c.threads[lead].row;
  if (record[record_word::kAnnex] != 0) c.annexes.fill(c, lead, c.annex());
  if (c.fd_row != 0) {
    const bool is_connected = (c.fd_word(fd_word::kState) & fd_state::kConnected) != 0;
    record[record_word::kFlags] |=
        (c.is_name_changed ? record_flag::kNameChanged : 0) | (is_connected ? record_flag::kConnected : 0);
  }
  if (type.fd_count == 0 && type.poll_list == 0) return;
  const int32_t owner = c.owner_of(c.t, lead);
  for (uint32_t i = 0; i < type.fd_count; i++) {
    const WantedFd& wanted = wanted_fds_[type.first_fd + i];
    int32_t* at = record + wanted.word;
    const bool is_small = at[0] >= 0 && (wanted.size == 1 || at[1] == 0);
    at[wanted.size] = is_small ? c.fds.get(owner, at[0]) : 0;
  }
  if (type.poll_list == 0) return;
  const int32_t* list = record + type.poll_list;
  fill_poll_list(c.ring + static_cast<uint32_t>(list[0]), static_cast<uint32_t>(list[1]), c.fds, owner);
}

void Stage::settle(double horizon) {
  // A batch in flight has a record, and its horizon lies before it: so there is none, and look-ups need no past.
  if (horizon >= tables.now && tables.are_lookups_tight()) tables.compact_lookups();
  tables.threads.settle(horizon);
  tables.extras.settle(horizon);
  tables.fd_pool.settle(horizon);
}

bool Stage::is_tight() const {
  const Threads& threads = tables.threads;
  return tables.are_lookups_tight() || threads.versions.available() < reserve_ + threads.largest_family() ||
         tables.extras.available() < reserve_ || tables.fd_pool.available() < reserve_;
}

void Stage::mark(uint8_t* marks) {
  tables.compact_lookups();
  tables.mark(marks);
}

}  // namespace peregrine::state
