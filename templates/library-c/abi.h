// SPDX-License-Identifier: Apache-2.0
// The plugin API 3.x of Falco as a plugin sees it, written from its published offsets alone.
#ifndef PEREGRINE_ABI_H
#define PEREGRINE_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
#define EXPORT extern "C" __attribute__((visibility("default")))
#define LAYOUT(type, member, at) static_assert(offsetof(type, member) == (at), #type "." #member)
#else
#define EXPORT __attribute__((visibility("default")))
#define LAYOUT(type, member, at) _Static_assert(offsetof(type, member) == (at), #type "." #member)
#endif

enum { RC_SUCCESS = 0, RC_FAILURE = 1, RC_TIMEOUT = -1, RC_EOF = 2 };
enum { TYPE_PLUGIN_EVENT = 322, TYPE_ASYNC_EVENT = 402 };

#pragma pack(push, 1)
typedef struct {
  uint64_t ts;
  uint64_t tid;
  uint32_t len;
  uint16_t type;
  uint32_t nparams;
} event_t;
#pragma pack(pop)
LAYOUT(event_t, type, 20);

typedef struct {
  const event_t* evt;
  uint64_t evtnum;
  const char* evtsrc;
} event_input_t;

typedef struct {
  uint32_t len;
  const void* ptr;
} buffer_t;

typedef struct {
  const void* res;
  uint64_t res_len;
  uint32_t field_id;
  const char* field;
  const char* arg_key;
  uint64_t arg_index;
  uint32_t arg_present;
  uint32_t ftype;
  uint32_t flist;
} field_t;
LAYOUT(field_t, arg_index, 40);
LAYOUT(field_t, flist, 56);

typedef union {
  int64_t s64;
  uint64_t u64;
  uint32_t u32;
  const char* str;
  void* table;
} state_data_t;

typedef struct {
  const char* name;
  uint32_t type;
  union {
    uint64_t u64;
    double d;
  } value;
  uint32_t value_type;
} metric_t;
LAYOUT(metric_t, value_type, 24);

typedef struct {
  const char* name;
  uint32_t key_type;
} table_info_t;

typedef struct {
  const char* name;
  uint32_t field_type;
  uint32_t read_only;
} table_field_info_t;

typedef struct {
  table_field_info_t* (*list)(void* table, uint32_t* count);
  void* (*get)(void* table, const char* name, uint32_t type);
  void* (*add)(void* table, const char* name, uint32_t type);
} fields_vtable_t;

typedef struct {
  const char* (*name)(void* table);
  uint64_t (*size)(void* table);
  void* (*entry)(void* table, const state_data_t* key);
  int32_t (*read)(void* table, void* entry, const void* field, state_data_t* out);
} reader_vtable_t;

typedef struct {
  const char* (*name)(void* table);
  uint64_t (*size)(void* table);
  void* (*entry)(void* table, const state_data_t* key);
  int32_t (*read)(void* table, void* entry, const void* field, state_data_t* out);
  void (*release)(void* table, void* entry);
  uint32_t (*iterate)(void* table, uint32_t (*visit)(void* state, void* entry), void* state);
} reader_vtable_ext_t;

typedef struct {
  int32_t (*clear)(void* table);
  int32_t (*erase)(void* table, const state_data_t* key);
  void* (*create)(void* table);
  void (*destroy)(void* table, void* entry);
  void* (*add)(void* table, const state_data_t* key, void* entry);
  int32_t (*write)(void* table, void* entry, const void* field, const state_data_t* in);
} writer_vtable_t;

typedef struct {
  const char* name;
  uint32_t key_type;
  void* table;
  reader_vtable_t reader;
  writer_vtable_t writer;
  fields_vtable_t fields;
  reader_vtable_ext_t* reader_ext;
  writer_vtable_t* writer_ext;
  fields_vtable_t* fields_ext;
} table_input_t;
LAYOUT(table_input_t, reader_ext, 128);

typedef struct {
  table_info_t* (*list)(void* owner, uint32_t* count);
  void* (*get)(void* owner, const char* name, uint32_t key_type);
  int32_t (*add)(void* owner, const table_input_t* in);
  fields_vtable_t fields;
  fields_vtable_t* fields_ext;
  reader_vtable_ext_t* reader_ext;
  writer_vtable_t* writer_ext;
} tables_input_t;
LAYOUT(tables_input_t, reader_ext, 56);

typedef struct {
  const char* config;
  void* owner;
  const char* (*owner_error)(void* owner);
  const tables_input_t* tables;
  void (*log)(void* owner, const char* component, const char* message, uint32_t severity);
} init_input_t;
LAYOUT(init_input_t, log, 32);

typedef struct {
  void* owner;
  const char* (*owner_error)(void* owner);
  uint32_t num_fields;
  field_t* fields;
  reader_vtable_t reader;
  reader_vtable_ext_t* reader_ext;
  void* value_offsets;
} extract_input_t;
LAYOUT(extract_input_t, fields, 24);
LAYOUT(extract_input_t, reader_ext, 64);

typedef struct {
  void* owner;
  const char* (*owner_error)(void* owner);
  reader_vtable_t reader;
  writer_vtable_t writer;
  reader_vtable_ext_t* reader_ext;
  writer_vtable_t* writer_ext;
} parse_input_t;
LAYOUT(parse_input_t, reader_ext, 96);

typedef struct {
  void* (*subscribe)(void* owner, uint32_t (*routine)(void* state, void* routine_state), void* routine_state);
  int32_t (*unsubscribe)(void* owner, void* routine);
} routine_vtable_t;

typedef struct {
  void* owner;
  routine_vtable_t* routine;
  reader_vtable_ext_t* reader_ext;
  writer_vtable_t* writer_ext;
  const char* (*owner_error)(void* owner);
} listen_input_t;

typedef int32_t (*async_handler_t)(void* owner, const event_t* event, char* error);

/** The data of a plugin event. */
static inline const char* event_data(const event_t* event, uint32_t* size) {
  const char* bytes = (const char*)event;
  memcpy(size, bytes + 30, 4);
  return bytes + 38;
}

/** Writes a plugin event of `size` bytes of data into `to`, which has room for 38 more. */
static inline event_t* write_event(char* to, uint64_t ts, uint32_t id, const char* data, uint32_t size) {
  const event_t head = {ts, UINT64_MAX, 38 + size, TYPE_PLUGIN_EVENT, 2};
  const uint32_t four = 4;
  memcpy(to, &head, 26);
  memcpy(to + 26, &four, 4);
  memcpy(to + 30, &size, 4);
  memcpy(to + 34, &id, 4);
  memcpy(to + 38, data, size);
  return (event_t*)to;
}

#endif
