// SPDX-License-Identifier: Apache-2.0
// A parser in C++ for API 3.x. Events say "TID NUMBER": it adds the numbers up in a table of its own, by thread, counts the
// events of each thread in a field that it adds to the table of threads, and its fields tell both.
#include <map>
#include <string>
#include <vector>

#include "abi.h"

namespace {

enum : uint32_t { INT64 = 4, UINT64 = 8, STRING = 9, TABLE = 10, BOOL = 25 };

struct Sum {
  uint64_t total = 0;
  std::string last;
};

struct Plugin {
  std::string error;
  void* owner = nullptr;
  void (*log)(void*, const char*, const char*, uint32_t) = nullptr;
  void *threads = nullptr, *comm = nullptr, *writable = nullptr, *cgroups = nullptr, *path = nullptr, *args = nullptr;
  void *arg = nullptr, *fds = nullptr, *fd_name = nullptr, *seen = nullptr, *ptid = nullptr, *flags = nullptr;
  void *sums = nullptr, *total = nullptr, *last = nullptr;
  // The table of sums.
  std::map<uint64_t, Sum> rows;
  std::map<std::string, uint32_t> fields{{"total", UINT64}, {"last", STRING}};
  std::vector<table_field_info_t> infos;
  int released = 0;
  // What an extraction returns.
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  std::vector<uint64_t> numbers;
  void say(const std::string& text) const { log(owner, nullptr, text.c_str(), 6); }
};

Plugin* of(void* table) { return static_cast<Plugin*>(table); }

const char* sums_name(void*) { return "sums"; }
uint64_t sums_size(void* table) { return of(table)->rows.size(); }
void* sums_entry(void* table, const state_data_t* key) {
  const auto found = of(table)->rows.find(key->u64);
  return found == of(table)->rows.end() ? nullptr : &found->second;
}
int32_t sums_read(void*, void* entry, const void* field, state_data_t* out) {
  const auto* sum = static_cast<Sum*>(entry);
  const auto& name = *static_cast<const std::string*>(field);
  if (name == "total") out->u64 = sum->total;
  if (name == "last") out->str = sum->last.c_str();
  return RC_SUCCESS;
}
void sums_release(void* table, void*) { of(table)->released++; }
uint32_t sums_iterate(void* table, uint32_t (*visit)(void*, void*), void* state) {
  for (auto& row : of(table)->rows) {
    if (visit(state, &row.second) == 0) return 0;
  }
  return 1;
}
int32_t sums_clear(void* table) {
  of(table)->rows.clear();
  return RC_SUCCESS;
}
int32_t sums_erase(void* table, const state_data_t* key) {
  return of(table)->rows.erase(key->u64) == 1 ? RC_SUCCESS : RC_FAILURE;
}
void* sums_create(void*) { return new Sum(); }
void sums_destroy(void*, void* entry) { delete static_cast<Sum*>(entry); }
void* sums_add(void* table, const state_data_t* key, void* entry) {
  of(table)->rows[key->u64] = *static_cast<Sum*>(entry);
  delete static_cast<Sum*>(entry);
  return &of(table)->rows[key->u64];
}
int32_t sums_write(void*, void* entry, const void* field, const state_data_t* in) {
  auto* sum = static_cast<Sum*>(entry);
  const auto& name = *static_cast<const std::string*>(field);
  if (name == "total") sum->total = in->u64;
  if (name == "last") sum->last = in->str;
  return RC_SUCCESS;
}
table_field_info_t* sums_list(void* table, uint32_t* count) {
  auto* plugin = of(table);
  plugin->infos.clear();
  for (const auto& field : plugin->fields) plugin->infos.push_back({field.first.c_str(), field.second, 0});
  *count = static_cast<uint32_t>(plugin->infos.size());
  return plugin->infos.data();
}
void* sums_get_field(void* table, const char* name, uint32_t type) {
  const auto found = of(table)->fields.find(name);
  return found == of(table)->fields.end() || found->second != type ? nullptr : const_cast<std::string*>(&found->first);
}
void* sums_add_field(void*, const char*, uint32_t) { return nullptr; }

reader_vtable_ext_t sums_reader{sums_name, sums_size, sums_entry, sums_read, sums_release, sums_iterate};
writer_vtable_t sums_writer{sums_clear, sums_erase, sums_create, sums_destroy, sums_add, sums_write};
fields_vtable_t sums_fields{sums_list, sums_get_field, sums_add_field};

bool set_up(Plugin& plugin, const init_input_t* in) {
  const tables_input_t& tables = *in->tables;
  const auto field = [&](void* table, const char* name, uint32_t type) {
    return tables.fields_ext->get(table, name, type);
  };
  plugin.threads = tables.get(in->owner, "threads", INT64);
  if (plugin.threads == nullptr) return false;
  plugin.comm = field(plugin.threads, "comm", STRING);
  plugin.writable = field(plugin.threads, "exe_writable", BOOL);
  plugin.ptid = field(plugin.threads, "ptid", INT64);
  plugin.cgroups = field(plugin.threads, "cgroups", TABLE);
  plugin.args = field(plugin.threads, "args", TABLE);
  plugin.fds = field(plugin.threads, "file_descriptors", TABLE);
  plugin.seen = tables.fields_ext->add(plugin.threads, "seen", UINT64);
  if (plugin.seen == nullptr || tables.fields_ext->add(plugin.threads, "seen", UINT64) != plugin.seen) return false;
  // Fields of a table inside an entry are found through an entry that is made for that.
  void* blank = tables.writer_ext->create(plugin.threads);
  state_data_t inner{};
  if (tables.reader_ext->read(plugin.threads, blank, plugin.cgroups, &inner) != RC_SUCCESS) return false;
  plugin.path = field(inner.table, "second", STRING);
  if (tables.reader_ext->read(plugin.threads, blank, plugin.args, &inner) != RC_SUCCESS) return false;
  plugin.arg = field(inner.table, "value", STRING);
  if (tables.reader_ext->read(plugin.threads, blank, plugin.fds, &inner) != RC_SUCCESS) return false;
  plugin.fd_name = field(inner.table, "name", STRING);
  tables.writer_ext->destroy(plugin.threads, blank);

  const auto wrong = [&](const char* name, uint32_t type) {
    const bool none = field(plugin.threads, name, type) == nullptr && in->owner_error(in->owner) != nullptr;
    if (none) plugin.say(in->owner_error(in->owner));
    return none;
  };
  if (!wrong("comm", INT64) || !wrong("nothing", STRING)) return false;
  if (tables.get(in->owner, "threads", UINT64) != nullptr || tables.get(in->owner, "others", UINT64) != nullptr) return false;
  plugin.say(in->owner_error(in->owner));

  const table_input_t own{"sums", UINT64, &plugin, {}, {}, {}, &sums_reader, &sums_writer, &sums_fields};
  if (tables.add(in->owner, &own) != RC_SUCCESS || tables.add(in->owner, &own) != RC_FAILURE) return false;
  plugin.say(in->owner_error(in->owner));
  plugin.sums = tables.get(in->owner, "sums", UINT64);
  uint32_t count = 0;
  const table_info_t* infos = tables.list(in->owner, &count);
  std::string names;
  for (uint32_t i = 0; i < count; i++) names += std::string(names.empty() ? "" : ",") + infos[i].name;
  plugin.say("tables " + names);
  plugin.total = field(plugin.sums, "total", UINT64);
  plugin.last = field(plugin.sums, "last", STRING);
  uint32_t listed = 0;
  const table_field_info_t* of_threads = tables.fields_ext->list(plugin.threads, &listed);
  plugin.say("fields " + std::to_string(listed) + " " + of_threads[0].name + " " + of_threads[listed - 1].name);
  return plugin.path != nullptr && plugin.arg != nullptr && plugin.fd_name != nullptr && plugin.total != nullptr &&
         plugin.last != nullptr && plugin.comm != nullptr && plugin.writable != nullptr && plugin.ptid != nullptr;
}

struct Message {
  int64_t tid = 0;
  uint64_t number = 0;
};

Message message_of(const event_t* event) {
  uint32_t size = 0;
  const char* data = event_data(event, &size);
  Message message;
  sscanf(std::string(data, size).c_str(), "%ld %lu", &message.tid, &message.number);
  return message;
}

struct Names {
  Plugin* plugin;
  const reader_vtable_ext_t* reader;
  void* table;
  const void* field;
  std::string text;
};

uint32_t collect(void* state, void* entry) {
  auto* names = static_cast<Names*>(state);
  state_data_t value{};
  if (names->reader->read(names->table, entry, names->field, &value) != RC_SUCCESS) return 0;
  names->text += (names->text.empty() ? "" : ",") + std::string(value.str);
  return 1;
}

}  // namespace

EXPORT const char* plugin_get_required_api_version() { return "3.1.0"; }
EXPORT const char* plugin_get_name() { return "tables"; }
EXPORT const char* plugin_get_version() { return "0.1.0"; }
EXPORT const char* plugin_get_description() { return "Parses"; }
EXPORT const char* plugin_get_contact() { return "nobody"; }
EXPORT const char* plugin_get_extract_event_sources() { return "[\"counter\"]"; }
EXPORT const char* plugin_get_parse_event_sources() { return "[\"counter\"]"; }
EXPORT const char* plugin_get_fields() {
  return "[{\"type\":\"uint64\",\"name\":\"sum.total\",\"desc\":\"Sum of the thread's numbers\"},"
         "{\"type\":\"uint64\",\"name\":\"sum.seen\",\"desc\":\"Events of the thread\"},"
         "{\"type\":\"string\",\"name\":\"sum.comm\",\"desc\":\"Name of the thread\"},"
         "{\"type\":\"string\",\"name\":\"sum.lists\",\"desc\":\"Lists of the thread\"},"
         "{\"type\":\"uint64\",\"name\":\"sum.rows\",\"desc\":\"Sums, and threads\",\"isList\":true}]";
}

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  auto* plugin = new Plugin();
  plugin->owner = in->owner;
  plugin->log = in->log;
  const bool good = in->tables != nullptr && set_up(*plugin, in);
  *rc = good ? RC_SUCCESS : RC_FAILURE;
  const char* error = in->owner_error(in->owner);
  plugin->error = error == nullptr ? "tables are not as they should be" : error;
  return plugin;
}
EXPORT void plugin_destroy(void* state) { delete static_cast<Plugin*>(state); }
EXPORT const char* plugin_get_last_error(void* state) { return static_cast<Plugin*>(state)->error.c_str(); }

EXPORT int32_t plugin_parse_event(void* state, const event_input_t* in, const parse_input_t* parse) {
  auto& plugin = *static_cast<Plugin*>(state);
  const Message message = message_of(in->evt);
  if (message.tid == 666) *reinterpret_cast<volatile int*>(8) = 1;
  state_data_t key{};
  key.u64 = static_cast<uint64_t>(message.tid);
  void* sum = parse->reader_ext->entry(plugin.sums, &key);
  if (sum == nullptr) {
    sum = parse->writer_ext->create(plugin.sums);
    sum = parse->writer_ext->add(plugin.sums, &key, sum);
  }
  state_data_t value{};
  parse->reader_ext->read(plugin.sums, sum, plugin.total, &value);
  value.u64 += message.number;
  parse->writer_ext->write(plugin.sums, sum, plugin.total, &value);
  parse->reader_ext->release(plugin.sums, sum);

  state_data_t tid{};
  tid.s64 = message.tid;
  void* thread = parse->reader_ext->entry(plugin.threads, &tid);
  if (thread == nullptr) return RC_FAILURE;
  state_data_t seen{};
  if (parse->reader_ext->read(plugin.threads, thread, plugin.seen, &seen) != RC_SUCCESS) return RC_FAILURE;
  seen.u64++;
  parse->writer_ext->write(plugin.threads, thread, plugin.seen, &seen);
  if (parse->writer_ext->write(plugin.threads, thread, plugin.comm, &seen) != RC_FAILURE) plugin.say("comm was written");
  parse->reader_ext->release(plugin.threads, thread);
  return RC_SUCCESS;
}

EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  auto& plugin = *static_cast<Plugin*>(state);
  const Message message = message_of(in->evt);
  plugin.texts.assign(input->num_fields, "");
  plugin.pointers.assign(input->num_fields, nullptr);
  plugin.numbers.assign(2 * input->num_fields, 0);
  const reader_vtable_ext_t& reader = *input->reader_ext;
  state_data_t key{};
  key.s64 = message.tid;
  void* thread = reader.entry(plugin.threads, &key);
  void* sum = reader.entry(plugin.sums, &key);
  for (uint32_t i = 0; i < input->num_fields; i++) {
    field_t& field = input->fields[i];
    state_data_t value{};
    field.res_len = 1;
    field.res = &plugin.numbers[2 * i];
    if (field.field_id == 0) {
      if (sum != nullptr) reader.read(plugin.sums, sum, plugin.total, &value);
      if (sum == nullptr) field.res_len = 0;
      plugin.numbers[2 * i] = value.u64;
    } else if (field.field_id == 1) {
      if (thread == nullptr || reader.read(plugin.threads, thread, plugin.seen, &value) != RC_SUCCESS) field.res_len = 0;
      plugin.numbers[2 * i] = value.u64;
    } else if (field.field_id == 4) {
      plugin.numbers[2 * i] = reader.size(plugin.sums);
      plugin.numbers[2 * i + 1] = reader.size(plugin.threads);
      field.res_len = 2;
    } else {
      if (thread == nullptr) {
        field.res_len = 0;
        continue;
      }
      if (field.field_id == 2) {
        state_data_t writable{}, parent{};
        reader.read(plugin.threads, thread, plugin.comm, &value);
        reader.read(plugin.threads, thread, plugin.writable, &writable);
        reader.read(plugin.threads, thread, plugin.ptid, &parent);
        plugin.texts[i] = std::string(value.str) + " " + std::to_string(writable.u32 & 0xff) + " " + std::to_string(parent.s64);
      } else {
        for (const auto& [table, inner] : {std::pair{plugin.args, plugin.arg}, {plugin.cgroups, plugin.path}, {plugin.fds, plugin.fd_name}}) {
          if (reader.read(plugin.threads, thread, table, &value) != RC_SUCCESS) continue;
          Names names{&plugin, &reader, value.table, inner, std::to_string(reader.size(value.table))};
          reader.iterate(value.table, collect, &names);
          plugin.texts[i] += (plugin.texts[i].empty() ? "" : "; ") + names.text;
        }
      }
      plugin.pointers[i] = plugin.texts[i].c_str();
      field.res = &plugin.pointers[i];
    }
  }
  if (thread != nullptr) reader.release(plugin.threads, thread);
  if (sum != nullptr) reader.release(plugin.sums, sum);
  return RC_SUCCESS;
}
