// SPDX-License-Identifier: Apache-2.0
#include "threads_table.h"

#include <algorithm>
#include <unordered_set>

#include "wire.h"

namespace peregrine::plugin {

namespace {

struct FieldSpec {
  const char* name;
  uint32_t type;
};

/** In the order in which the engine sends them: src/plugins/library/threads-table.ts. */
constexpr FieldSpec kThreadFields[] = {
    {"tid", abi::kStateInt64},          {"pid", abi::kStateInt64},
    {"ptid", abi::kStateInt64},         {"reaper_tid", abi::kStateInt64},
    {"sid", abi::kStateInt64},          {"comm", abi::kStateString},
    {"exe", abi::kStateString},         {"exe_path", abi::kStateString},
    {"exe_writable", abi::kStateBool},  {"exe_upper_layer", abi::kStateBool},
    {"exe_lower_layer", abi::kStateBool}, {"exe_from_memfd", abi::kStateBool},
    {"args", abi::kStateTable},         {"env", abi::kStateTable},
    {"cgroups", abi::kStateTable},      {"flags", abi::kStateUint32},
    {"fd_limit", abi::kStateInt64},     {"uid", abi::kStateUint32},
    {"gid", abi::kStateUint32},         {"loginuid", abi::kStateUint32},
    {"exe_ino", abi::kStateUint64},     {"exe_ino_ctime", abi::kStateUint64},
    {"exe_ino_mtime", abi::kStateUint64}, {"vtid", abi::kStateInt64},
    {"vpid", abi::kStateInt64},         {"vpgid", abi::kStateInt64},
    {"pgid", abi::kStateInt64},         {"pidns_init_start_ts", abi::kStateUint64},
    {"root", abi::kStateString},        {"tty", abi::kStateUint32},
    {"cwd", abi::kStateString},         {"file_descriptors", abi::kStateTable},
};
constexpr size_t kFds = sizeof kThreadFields / sizeof *kThreadFields - 1;

constexpr FieldSpec kFdFields[] = {
    {"fd", abi::kStateInt64},    {"ino", abi::kStateUint64},        {"dev", abi::kStateUint32},
    {"mount_id", abi::kStateUint32}, {"open_flags", abi::kStateUint32}, {"flags", abi::kStateUint32},
    {"name", abi::kStateString}, {"name_raw", abi::kStateString},
};

constexpr size_t kMaxAdded = 100000;
constexpr size_t kMaxName = 256;

/** A value as it is sent: a text, or 64 bits. */
StateValue take_value(Cursor& cursor, uint32_t type) {
  StateValue value;
  if (type == abi::kStateString || type == abi::kStateTable) {
    value.text = take_text(cursor);
  } else {
    value.data.u64 = cursor.take<uint64_t>();
  }
  return value;
}

void give(const StateValue& value, uint32_t type, abi::StateData* out) {
  if (type == abi::kStateString) {
    out->str = value.text.c_str();
  } else {
    *out = value.data;
  }
}

}  // namespace

const StateField* StateFields::of(const void* pointer) const {
  for (const StateField& field : fields_) {
    if (&field == pointer) return &field;
  }
  return nullptr;
}

const StateField* StateFields::find(const std::string& name) const {
  for (const StateField& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

abi::TableFieldInfo* StateFields::list(uint32_t* count) {
  infos_.clear();
  for (const StateField& field : fields_) infos_.push_back({field.name.c_str(), field.type, field.read_only ? 1u : 0u});
  *count = static_cast<uint32_t>(infos_.size());
  return infos_.data();
}

void RowsTable::add_row(int64_t key, std::vector<StateValue> values) { rows_.push_back({key, std::move(values)}); }

void* RowsTable::get_field(const char* name, uint32_t type) {
  const StateField* field = fields_.find(foreign_text(name, kMaxName));
  if (field != nullptr && field->type == type) return const_cast<StateField*>(field);
  fail("table '" + this->name() + "' has no such field");
  return nullptr;
}

const RowsTable::Row* RowsTable::row_of(const void* entry) const {
  for (const Row& row : rows_) {
    if (&row == entry) return &row;
  }
  return nullptr;
}

void* RowsTable::entry(const abi::StateData& key) {
  for (Row& row : rows_) {
    if (row.key == key.s64) return &row;
  }
  fail("table '" + name() + "' has no such entry");
  return nullptr;
}

abi::Rc RowsTable::read(void* entry, const void* field, abi::StateData* out) {
  const Row* row = row_of(entry);
  const StateField* given = fields_.of(field);
  if (row == nullptr || given == nullptr || given->index >= row->values.size()) {
    return fail("the entry or field is none of the table's");
  }
  give(row->values[given->index], given->type, out);
  return abi::kSuccess;
}

bool RowsTable::iterate(abi::Visit visit, void* state) {
  for (Row& row : rows_) {
    if ((visit(state, &row) & 0xff) == 0) return false;
  }
  return true;
}

ThreadsTable::ThreadsTable(Owner& owner, Upcall& upcall) : Table(owner, "threads", abi::kStateInt64), upcall_(upcall) {
  for (const FieldSpec& field : kThreadFields) fields_.add(field.name, field.type, true);
  own_fields_ = fields_.size();
  text_fields_.add("value", abi::kStateString, true);
  pair_fields_.add("first", abi::kStateString, true);
  pair_fields_.add("second", abi::kStateString, true);
  for (const FieldSpec& field : kFdFields) fd_fields_.add(field.name, field.type, true);
}

void* ThreadsTable::create() {
  auto entry = std::make_unique<Entry>();
  entry->blank = true;
  entry->values.resize(own_fields_);
  lent_.push_back(std::move(entry));
  return lent_.back().get();
}

void* ThreadsTable::get_field(const char* name, uint32_t type) {
  const std::string text = foreign_text(name, kMaxName);
  const StateField* field = fields_.find(text);
  if (field == nullptr) {
    fail("table 'threads' has no field '" + text + "'");
  } else if (field->type != type) {
    fail("field '" + text + "' of table 'threads' is of another type");
    return nullptr;
  }
  return const_cast<StateField*>(field);
}

void* ThreadsTable::add_field(const char* name, uint32_t type) {
  const std::string text = foreign_text(name, kMaxName);
  if (fields_.find(text) != nullptr) return get_field(name, type);
  if (type == abi::kStateTable || text.empty()) {
    refuse();
    return nullptr;
  }
  fields_.add(text, type, false);
  return get_field(name, type);
}

uint64_t ThreadsTable::size() {
  Span answer;
  if (!upcall_.ask(Question::kThreadCount, 0, answer)) return UINT64_MAX;
  Cursor cursor(answer);
  return cursor.take<uint64_t>();
}

/** An entry: u32 0 or 1 for absent or there, u64 identity, then the values. */
void* ThreadsTable::entry(const abi::StateData& key) {
  Span answer;
  if (!upcall_.ask(Question::kThread, key.s64, answer)) {
    fail("tables can be read while the engine waits for an answer only");
    return nullptr;
  }
  Cursor cursor(answer);
  if (cursor.take<uint32_t>() == 0) {
    fail("table 'threads' has no such entry");
    return nullptr;
  }
  const uint64_t identity = cursor.take<uint64_t>();
  auto entry = std::make_unique<Entry>();
  entry->tid = key.s64;
  for (size_t i = 0; i < kFds; i++) entry->values.push_back(take_value(cursor, kThreadFields[i].type));
  if (cursor.failed()) return nullptr;
  // What was added to a thread of the same number that is gone is not this one's.
  const auto known = added_.find(key.s64);
  if (known != added_.end() && known->second.identity != identity) added_.erase(known);
  if (fields_.size() > own_fields_) {
    if (added_.size() >= kMaxAdded) prune();
    added_[key.s64].identity = identity;
  }
  lent_.push_back(std::move(entry));
  return lent_.back().get();
}

ThreadsTable::Entry* ThreadsTable::entry_of(const void* pointer) const {
  for (const auto& entry : lent_) {
    if (entry.get() == pointer) return entry.get();
  }
  return nullptr;
}

void ThreadsTable::release(void* pointer) {
  std::erase_if(lent_, [pointer](const auto& entry) { return entry.get() == pointer; });
}

void ThreadsTable::end_call() {
  lent_.clear();
  tables_.clear();
}

abi::Rc ThreadsTable::read(void* pointer, const void* field_pointer, abi::StateData* out) {
  Entry* entry = entry_of(pointer);
  const StateField* field = fields_.of(field_pointer);
  if (entry == nullptr || field == nullptr) return fail("the entry or field is none of table 'threads'");
  if (field->type == abi::kStateTable) return read_table(*entry, *field, out);
  if (field->index < own_fields_) {
    give(entry->values[field->index], field->type, out);
    return abi::kSuccess;
  }
  if (entry->blank) return fail("the entry is not one of a thread");
  std::vector<StateValue>& values = added_[entry->tid].values;
  if (values.size() <= field->index - own_fields_) values.resize(fields_.size() - own_fields_);
  give(values[field->index - own_fields_], field->type, out);
  return abi::kSuccess;
}

abi::Rc ThreadsTable::write(void* pointer, const void* field_pointer, const abi::StateData& in) {
  Entry* entry = entry_of(pointer);
  const StateField* field = fields_.of(field_pointer);
  if (entry == nullptr || field == nullptr) return fail("the entry or field is none of table 'threads'");
  if (field->read_only) return fail("field '" + field->name + "' of table 'threads' is read-only");
  if (entry->blank) return fail("the entry is not one of a thread");
  std::vector<StateValue>& values = added_[entry->tid].values;
  if (values.size() <= field->index - own_fields_) values.resize(fields_.size() - own_fields_);
  StateValue& value = values[field->index - own_fields_];
  if (field->type == abi::kStateString) {
    value.text = foreign_text(in.str, kMaxText);
  } else {
    value.data = in;
  }
  return abi::kSuccess;
}

/** args, env: rows of texts; cgroups: rows of subsystem and path. All are sent as texts with NULs between them. */
abi::Rc ThreadsTable::read_table(Entry& entry, const StateField& field, abi::StateData* out) {
  std::unique_ptr<RowsTable> table;
  if (field.index == kFds) {
    table = fd_table(entry);
    if (table == nullptr) return fail("the file descriptors are not known now");
  } else {
    const bool pairs = field.name == "cgroups";
    table = std::make_unique<RowsTable>(owner_, field.name, abi::kStateUint64, pairs ? pair_fields_ : text_fields_);
    const std::string& all = entry.values[field.index].text;
    int64_t key = 0;
    for (size_t at = 0; at < all.size();) {
      const size_t end = std::min(all.find('\0', at), all.size());
      const std::string item = all.substr(at, end - at);
      const size_t equals = pairs ? item.find('=') : std::string::npos;
      std::vector<StateValue> values(1);
      values[0].text = item.substr(0, equals);
      if (pairs) values.push_back({{}, equals == std::string::npos ? "" : item.substr(equals + 1)});
      table->add_row(key++, std::move(values));
      at = end + 1;
    }
  }
  out->table = static_cast<Table*>(table.get());
  tables_.push_back(std::move(table));
  return abi::kSuccess;
}

std::unique_ptr<RowsTable> ThreadsTable::fd_table(const Entry& entry) {
  auto table = std::make_unique<RowsTable>(owner_, "file_descriptors", abi::kStateInt64, fd_fields_);
  if (entry.blank) return table;
  Span answer;
  if (!upcall_.ask(Question::kFds, entry.tid, answer)) return nullptr;
  Cursor cursor(answer);
  const uint32_t count = cursor.take<uint32_t>();
  for (uint32_t i = 0; i < count && !cursor.failed(); i++) {
    std::vector<StateValue> values;
    for (const FieldSpec& field : kFdFields) values.push_back(take_value(cursor, field.type));
    const int64_t fd = values[0].data.s64;
    table->add_row(fd, std::move(values));
  }
  return table;
}

bool ThreadsTable::iterate(abi::Visit visit, void* state) {
  Span answer;
  if (!upcall_.ask(Question::kThreads, 0, answer)) return false;
  Cursor cursor(answer);
  const uint32_t count = cursor.take<uint32_t>();
  std::vector<int64_t> tids;
  for (uint32_t i = 0; i < count && !cursor.failed(); i++) tids.push_back(cursor.take<int64_t>());
  for (const int64_t tid : tids) {
    abi::StateData key{};
    key.s64 = tid;
    void* found = entry(key);
    if (found == nullptr) continue;
    const bool on = (visit(state, found) & 0xff) != 0;
    release(found);
    if (!on) return false;
  }
  return true;
}

/** Forgets what was added to threads that are gone. */
void ThreadsTable::prune() {
  Span answer;
  if (!upcall_.ask(Question::kThreads, 0, answer)) return;
  Cursor cursor(answer);
  const uint32_t count = cursor.take<uint32_t>();
  std::unordered_set<int64_t> alive;
  for (uint32_t i = 0; i < count && !cursor.failed(); i++) alive.insert(cursor.take<int64_t>());
  std::erase_if(added_, [&alive](const auto& entry) { return alive.count(entry.first) == 0; });
}

}  // namespace peregrine::plugin
