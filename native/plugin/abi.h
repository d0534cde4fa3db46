// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/**
 * The two binary interfaces of Falco's plugins, as their libraries see them: 3.x (namespace abi) and 0.3 (namespace abi03).
 * Layouts are those of LP64 with natural alignment; the asserts hold them to the published offsets.
 */
namespace peregrine::abi {

using Rc = int32_t;
constexpr Rc kSuccess = 0;
constexpr Rc kFailure = 1;
constexpr Rc kTimeout = -1;
constexpr Rc kEof = 2;
constexpr Rc kNotSupported = 3;

constexpr uint16_t kPluginEvent = 322;
constexpr uint16_t kAsyncEvent = 402;
constexpr uint64_t kNone = UINT64_MAX;
constexpr uint32_t kMaxErrorBytes = 1024;

/** Types of fields, by the codes that extract_fields is told. */
enum FieldType : uint32_t {
  kUint64 = 8,
  kString = 9,
  kRelTime = 20,
  kAbsTime = 21,
  kBool = 25,
  kIpAddr = 40,
  kIpNet = 41,
};

#pragma pack(push, 1)
/** Every event begins with it; then come `nparams` lengths and the values. */
struct Event {
  uint64_t ts;
  uint64_t tid;
  uint32_t len;
  uint16_t type;
  uint32_t nparams;
};
#pragma pack(pop)
static_assert(sizeof(Event) == 26);

/**
 * A plugin event (322), whose two lengths are 32 bits wide:
 *
 *   0        26      30      34         38
 *   | header | u32 4 | u32 n | u32 id   | n bytes of data |
 */
constexpr uint32_t kPluginEventData = 38;

struct EventInput {
  const Event* evt;
  uint64_t evtnum;
  const char* evtsrc;
};
static_assert(sizeof(EventInput) == 24);

struct ByteBuffer {
  uint32_t len;
  const void* ptr;
};
static_assert(sizeof(ByteBuffer) == 16 && offsetof(ByteBuffer, ptr) == 8);

struct ExtractField {
  union {
    const char** str;
    const uint64_t* u64;
    const uint32_t* boolean;
    const ByteBuffer* buf;
    const void* any;
  } res;
  uint64_t res_len;
  uint32_t field_id;
  const char* field;
  const char* arg_key;
  uint64_t arg_index;
  uint32_t arg_present;
  uint32_t ftype;
  uint32_t flist;
};
static_assert(sizeof(ExtractField) == 64 && offsetof(ExtractField, field) == 24 && offsetof(ExtractField, ftype) == 52);

union StateData {
  int8_t s8;
  int16_t s16;
  int32_t s32;
  int64_t s64;
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  const char* str;
  void* table;
  uint32_t b;
};
static_assert(sizeof(StateData) == 8);

/** Types of keys and of fields of tables. */
enum StateType : uint32_t {
  kStateInt8 = 1,
  kStateInt16 = 2,
  kStateInt32 = 3,
  kStateInt64 = 4,
  kStateUint8 = 5,
  kStateUint16 = 6,
  kStateUint32 = 7,
  kStateUint64 = 8,
  kStateString = 9,
  kStateTable = 10,
  kStateBool = 25,
};

struct TableInfo {
  const char* name;
  uint32_t key_type;
};
static_assert(sizeof(TableInfo) == 16);

struct TableFieldInfo {
  const char* name;
  uint32_t field_type;
  uint32_t read_only;
};
static_assert(sizeof(TableFieldInfo) == 16 && offsetof(TableFieldInfo, read_only) == 12);

union MetricValue {
  uint32_t u32;
  int32_t s32;
  uint64_t u64;
  int64_t s64;
  double d;
  float f;
  int i;
};

struct Metric {
  const char* name;
  uint32_t type;
  MetricValue value;
  uint32_t value_type;
};
static_assert(sizeof(Metric) == 32 && offsetof(Metric, value_type) == 24);

struct FieldsVtable {
  TableFieldInfo* (*list_table_fields)(void* table, uint32_t* count);
  void* (*get_table_field)(void* table, const char* name, uint32_t type);
  void* (*add_table_field)(void* table, const char* name, uint32_t type);
};
static_assert(sizeof(FieldsVtable) == 24);

struct ReaderVtable {
  const char* (*get_table_name)(void* table);
  uint64_t (*get_table_size)(void* table);
  void* (*get_table_entry)(void* table, const StateData* key);
  Rc (*read_entry_field)(void* table, void* entry, const void* field, StateData* out);
};
static_assert(sizeof(ReaderVtable) == 32);

using Visit = uint32_t (*)(void* state, void* entry);

struct ReaderVtableExt {
  ReaderVtable base;
  void (*release_table_entry)(void* table, void* entry);
  uint32_t (*iterate_entries)(void* table, Visit visit, void* state);
};
static_assert(sizeof(ReaderVtableExt) == 48);

struct WriterVtable {
  Rc (*clear_table)(void* table);
  Rc (*erase_table_entry)(void* table, const StateData* key);
  void* (*create_table_entry)(void* table);
  void (*destroy_table_entry)(void* table, void* entry);
  void* (*add_table_entry)(void* table, const StateData* key, void* entry);
  Rc (*write_entry_field)(void* table, void* entry, const void* field, const StateData* in);
};
static_assert(sizeof(WriterVtable) == 48);

struct TableInput {
  const char* name;
  uint32_t key_type;
  void* table;
  ReaderVtable reader;
  WriterVtable writer;
  FieldsVtable fields;
  ReaderVtableExt* reader_ext;
  WriterVtable* writer_ext;
  FieldsVtable* fields_ext;
};
static_assert(sizeof(TableInput) == 152 && offsetof(TableInput, fields) == 104);

struct InitTablesInput {
  TableInfo* (*list_tables)(void* owner, uint32_t* count);
  void* (*get_table)(void* owner, const char* name, uint32_t key_type);
  Rc (*add_table)(void* owner, const TableInput* in);
  FieldsVtable fields;
  FieldsVtable* fields_ext;
  ReaderVtableExt* reader_ext;
  WriterVtable* writer_ext;
};
static_assert(sizeof(InitTablesInput) == 72 && offsetof(InitTablesInput, reader_ext) == 56);

using LastError = const char* (*)(void* owner);
using Log = void (*)(void* owner, const char* component, const char* message, uint32_t severity);

struct InitInput {
  const char* config;
  void* owner;
  LastError get_owner_last_error;
  const InitTablesInput* tables;
  Log log_fn;
};
static_assert(sizeof(InitInput) == 40);

struct ExtractInput {
  void* owner;
  LastError get_owner_last_error;
  uint32_t num_fields;
  ExtractField* fields;
  ReaderVtable table_reader;
  ReaderVtableExt* table_reader_ext;
  void* value_offsets;
};
static_assert(sizeof(ExtractInput) == 80 && offsetof(ExtractInput, table_reader_ext) == 64);

struct ParseInput {
  void* owner;
  LastError get_owner_last_error;
  ReaderVtable table_reader;
  WriterVtable table_writer;
  ReaderVtableExt* table_reader_ext;
  WriterVtable* table_writer_ext;
};
static_assert(sizeof(ParseInput) == 112 && offsetof(ParseInput, table_reader_ext) == 96);

struct SetConfigInput {
  const char* config;
};

using Routine = uint32_t (*)(void* state, void* routine_state);

struct RoutineVtable {
  void* (*subscribe)(void* owner, Routine routine, void* routine_state);
  Rc (*unsubscribe)(void* owner, void* routine);
};

struct ListenInput {
  void* owner;
  RoutineVtable* routine;
  ReaderVtableExt* table_reader_ext;
  WriterVtable* table_writer_ext;
  LastError get_owner_last_error;
};
static_assert(sizeof(ListenInput) == 40);

using AsyncHandler = Rc (*)(void* owner, const Event* event, char* error);

}  // namespace peregrine::abi

namespace peregrine::abi03 {

struct Event {
  uint64_t evtnum;
  const uint8_t* data;
  uint32_t datalen;
  uint64_t ts;
};
static_assert(sizeof(Event) == 32 && offsetof(Event, ts) == 24);

struct ExtractField {
  uint32_t field_id;
  const char* field;
  const char* arg;
  uint32_t ftype;
  bool field_present;
  const char* res_str;
  uint64_t res_u64;
};
static_assert(sizeof(ExtractField) == 48 && offsetof(ExtractField, field_present) == 28 &&
              offsetof(ExtractField, res_u64) == 40);

constexpr uint32_t kSourceType = 1;
constexpr uint32_t kExtractorType = 2;

}  // namespace peregrine::abi03
