// SPDX-License-Identifier: Apache-2.0
#include "table_api.h"

namespace peregrine::plugin {

namespace {

abi::TableInfo* list_tables(void*, uint32_t* count) {
  if (count != nullptr) *count = 0;
  return nullptr;
}

void* get_table(void* owner, const char* name, uint32_t) {
  Owner* self = Owner::of(owner);
  if (self != nullptr) self->fail("there is no table named '" + foreign_text(name, 256) + "'");
  return nullptr;
}

abi::Rc add_table(void* owner, const abi::TableInput*) {
  Owner* self = Owner::of(owner);
  if (self != nullptr) self->fail("tables of plugins are not supported");
  return abi::kFailure;
}

}  // namespace

TableApi::TableApi(Owner& owner) : owner_(owner) {
  init.list_tables = list_tables;
  init.get_table = get_table;
  init.add_table = add_table;
  init.fields = fields;
  init.fields_ext = &fields;
  init.reader_ext = &reader;
  init.writer_ext = &writer;
}

}  // namespace peregrine::plugin
