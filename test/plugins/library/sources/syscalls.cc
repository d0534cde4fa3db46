// SPDX-License-Identifier: Apache-2.0
// A plugin in C++ for API 3.x that is no source: it parses system calls, keeps how often each thread has opened a file in a field
// of the table of threads, and tells what it knows at each event. With EXTRACTS it does not parse; with LISTENS it parses nothing
// before it has heard of the capture.
#include <string>
#include <vector>

#include "abi.h"

namespace {

enum : uint32_t { INT64 = 4, UINT64 = 8, STRING = 9, TABLE = 10 };
enum : uint16_t { TYPE_OPEN = 3, TYPE_CLOSE = 5, TYPE_OPENAT = 307 };

struct Plugin {
  std::string error;
  void* threads = nullptr;
  void* opens = nullptr;
  void* comm = nullptr;
  void* fds = nullptr;
  void* fd_name = nullptr;
  uint64_t parsed = 0;
  bool listening = false;
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  std::vector<uint64_t> numbers;
};

/** Parameter `index` of an event with lengths of 16 bits. */
std::string param(const event_t* event, uint32_t index) {
  const auto* lengths = reinterpret_cast<const char*>(event) + 26;
  const char* data = lengths + 2 * event->nparams;
  for (uint32_t i = 0; i < event->nparams; i++) {
    uint16_t size = 0;
    memcpy(&size, lengths + 2 * i, 2);
    if (i == index) return std::string(data, size);
    data += size;
  }
  return "";
}

int64_t number(const std::string& bytes) {
  int64_t value = 0;
  memcpy(&value, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
  return value;
}

}  // namespace

EXPORT const char* plugin_get_required_api_version() { return "3.4.0"; }
EXPORT const char* plugin_get_required_event_schema_version(void*) { return "4.0.0"; }
EXPORT const char* plugin_get_name() { return "syscalls"; }
EXPORT const char* plugin_get_version() { return "0.1.0"; }
EXPORT const char* plugin_get_description() { return "Parses system calls"; }
EXPORT const char* plugin_get_contact() { return "nobody"; }
EXPORT const char* plugin_get_extract_event_sources() { return "[\"syscall\"]"; }
#ifndef EXTRACTS
EXPORT const char* plugin_get_parse_event_sources() { return "[\"syscall\"]"; }
EXPORT uint16_t* plugin_get_parse_event_types(uint32_t* count, void*) {
  static uint16_t types[] = {TYPE_OPEN, TYPE_OPENAT};
  *count = 2;
  return types;
}
#endif
EXPORT const char* plugin_get_fields() {
  return "[{\"type\":\"uint64\",\"name\":\"sys.opens\",\"desc\":\"Files that the thread has opened\"},"
         "{\"type\":\"string\",\"name\":\"sys.comm\",\"desc\":\"Name of the thread\"},"
         "{\"type\":\"string\",\"name\":\"sys.fd\",\"desc\":\"Name of the fd that is the event's first parameter\"},"
         "{\"type\":\"string\",\"name\":\"sys.event\",\"desc\":\"Type, length and parameters\"},"
         "{\"type\":\"uint64\",\"name\":\"sys.parsed\",\"desc\":\"Events that were parsed\"}]";
}

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  auto* plugin = new Plugin();
  const tables_input_t& tables = *in->tables;
  plugin->threads = tables.get(in->owner, "threads", INT64);
  *rc = RC_FAILURE;
  plugin->error = "the table of threads is not as it should be";
  if (plugin->threads == nullptr) return plugin;
  plugin->opens = tables.fields_ext->add(plugin->threads, "opens", UINT64);
  plugin->comm = tables.fields_ext->get(plugin->threads, "comm", STRING);
  plugin->fds = tables.fields_ext->get(plugin->threads, "file_descriptors", TABLE);
  void* blank = tables.writer_ext->create(plugin->threads);
  state_data_t inner{};
  tables.reader_ext->read(plugin->threads, blank, plugin->fds, &inner);
  plugin->fd_name = tables.fields_ext->get(inner.table, "name", STRING);
  tables.writer_ext->destroy(plugin->threads, blank);
  if (plugin->opens != nullptr && plugin->comm != nullptr && plugin->fd_name != nullptr) *rc = RC_SUCCESS;
  return plugin;
}
EXPORT void plugin_destroy(void* state) { delete static_cast<Plugin*>(state); }
EXPORT const char* plugin_get_last_error(void* state) { return static_cast<Plugin*>(state)->error.c_str(); }

#ifdef LISTENS
EXPORT int32_t plugin_capture_open(void* state, const listen_input_t*) {
  static_cast<Plugin*>(state)->listening = true;
  return RC_SUCCESS;
}
EXPORT int32_t plugin_capture_close(void* state, const listen_input_t*) {
  auto& plugin = *static_cast<Plugin*>(state);
  if (!plugin.listening) abort();
  plugin.listening = false;
  return RC_SUCCESS;
}
#endif

#ifndef EXTRACTS
EXPORT int32_t plugin_parse_event(void* state, const event_input_t* in, const parse_input_t* parse) {
  auto& plugin = *static_cast<Plugin*>(state);
  if (in->evt->type != TYPE_OPEN && in->evt->type != TYPE_OPENAT) abort();
#ifdef POISON
  if (param(in->evt, in->evt->type == TYPE_OPEN ? 1 : 2).find("poison") != std::string::npos) abort();
#endif
#ifdef LISTENS
  if (!plugin.listening) abort();
#endif
  plugin.parsed++;
  state_data_t tid{};
  tid.s64 = static_cast<int64_t>(in->evt->tid);
  void* thread = parse->reader_ext->entry(plugin.threads, &tid);
  if (thread == nullptr) return RC_FAILURE;
  state_data_t opens{};
  parse->reader_ext->read(plugin.threads, thread, plugin.opens, &opens);
  opens.u64++;
  parse->writer_ext->write(plugin.threads, thread, plugin.opens, &opens);
  parse->reader_ext->release(plugin.threads, thread);
  return RC_SUCCESS;
}
#endif

EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  auto& plugin = *static_cast<Plugin*>(state);
  plugin.texts.assign(input->num_fields, "");
  plugin.pointers.assign(input->num_fields, nullptr);
  plugin.numbers.assign(input->num_fields, 0);
  const reader_vtable_ext_t& reader = *input->reader_ext;
  state_data_t key{};
  key.s64 = static_cast<int64_t>(in->evt->tid);
  void* thread = reader.entry(plugin.threads, &key);
  for (uint32_t i = 0; i < input->num_fields; i++) {
    field_t& field = input->fields[i];
    state_data_t value{};
    field.res_len = thread == nullptr && field.field_id != 4 ? 0 : 1;
    if (field.res_len == 0) continue;
    if (field.field_id == 0) {
      reader.read(plugin.threads, thread, plugin.opens, &value);
      plugin.numbers[i] = value.u64;
    } else if (field.field_id == 1) {
      reader.read(plugin.threads, thread, plugin.comm, &value);
      plugin.texts[i] = value.str;
    } else if (field.field_id == 2) {
      reader.read(plugin.threads, thread, plugin.fds, &value);
      state_data_t fd{};
      fd.s64 = number(param(in->evt, in->evt->type == TYPE_CLOSE ? 1 : 0));
      void* entry = reader.entry(value.table, &fd);
      state_data_t name{};
      if (entry != nullptr) reader.read(value.table, entry, plugin.fd_name, &name);
      plugin.texts[i] = entry == nullptr ? "none" : name.str;
    } else if (field.field_id == 3) {
      plugin.texts[i] = std::to_string(in->evt->type) + " " + in->evtsrc + " " +
                        param(in->evt, in->evt->type == TYPE_OPEN ? 1 : 2).c_str();
    } else {
      plugin.numbers[i] = plugin.parsed;
    }
    plugin.pointers[i] = plugin.texts[i].c_str();
    const bool is_text = field.field_id >= 1 && field.field_id <= 3;
    field.res = is_text ? static_cast<const void*>(&plugin.pointers[i]) : &plugin.numbers[i];
  }
  if (thread != nullptr) reader.release(plugin.threads, thread);
  return RC_SUCCESS;
}
