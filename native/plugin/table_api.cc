// SPDX-License-Identifier: Apache-2.0
#include "table_api.h"

namespace peregrine::plugin {

namespace {

constexpr size_t kMaxName = 256;

// What the vtables of a plugin hold. A pointer that is no table of ours does nothing.

abi::TableFieldInfo* list_fields(void* table, uint32_t* count) {
  Table* self = Table::of(table);
  return self == nullptr || count == nullptr ? nullptr : self->list_fields(count);
}

void* get_field(void* table, const char* name, uint32_t type) {
  Table* self = Table::of(table);
  return self == nullptr || name == nullptr ? nullptr : self->get_field(name, type);
}

void* add_field(void* table, const char* name, uint32_t type) {
  Table* self = Table::of(table);
  return self == nullptr || name == nullptr ? nullptr : self->add_field(name, type);
}

const char* table_name(void* table) {
  Table* self = Table::of(table);
  return self == nullptr ? nullptr : self->name().c_str();
}

uint64_t table_size(void* table) {
  Table* self = Table::of(table);
  return self == nullptr ? UINT64_MAX : self->size();
}

void* get_entry(void* table, const abi::StateData* key) {
  Table* self = Table::of(table);
  return self == nullptr || key == nullptr ? nullptr : self->entry(*key);
}

abi::Rc read_field(void* table, void* entry, const void* field, abi::StateData* out) {
  Table* self = Table::of(table);
  if (self == nullptr || entry == nullptr || field == nullptr || out == nullptr) return abi::kFailure;
  return self->read(entry, field, out);
}

void release_entry(void* table, void* entry) {
  Table* self = Table::of(table);
  if (self != nullptr && entry != nullptr) self->release(entry);
}

uint32_t iterate(void* table, abi::Visit visit, void* state) {
  Table* self = Table::of(table);
  return self != nullptr && visit != nullptr && self->iterate(visit, state) ? 1 : 0;
}

abi::Rc clear(void* table) {
  Table* self = Table::of(table);
  return self == nullptr ? abi::kFailure : self->clear();
}

abi::Rc erase(void* table, const abi::StateData* key) {
  Table* self = Table::of(table);
  return self == nullptr || key == nullptr ? abi::kFailure : self->erase(*key);
}

void* create(void* table) {
  Table* self = Table::of(table);
  return self == nullptr ? nullptr : self->create();
}

void destroy(void* table, void* entry) {
  Table* self = Table::of(table);
  if (self != nullptr && entry != nullptr) self->destroy(entry);
}

void* add_entry(void* table, const abi::StateData* key, void* entry) {
  Table* self = Table::of(table);
  return self == nullptr || key == nullptr || entry == nullptr ? nullptr : self->add(*key, entry);
}

abi::Rc write_field(void* table, void* entry, const void* field, const abi::StateData* in) {
  Table* self = Table::of(table);
  if (self == nullptr || entry == nullptr || field == nullptr || in == nullptr) return abi::kFailure;
  return self->write(entry, field, *in);
}

}  // namespace

TableApi::TableApi(Owner& owner) : owner_(owner) {
  owner_.tables = this;
  fields = {list_fields, get_field, add_field};
  reader = {{table_name, table_size, get_entry, read_field}, release_entry, iterate};
  writer = {clear, erase, create, destroy, add_entry, write_field};
  init.list_tables = &TableApi::list_tables;
  init.get_table = &TableApi::get_table;
  init.add_table = &TableApi::add_table;
  init.fields = fields;
  init.fields_ext = &fields;
  init.reader_ext = &reader;
  init.writer_ext = &writer;
}

Table* TableApi::find(const std::string& name) const {
  for (const auto& table : tables_) {
    if (table->name() == name) return table.get();
  }
  return nullptr;
}

void TableApi::end_call() {
  for (const auto& table : tables_) table->end_call();
}

abi::TableInfo* TableApi::list_tables(void* owner, uint32_t* count) {
  Owner* self = Owner::of(owner);
  if (self == nullptr || count == nullptr) return nullptr;
  TableApi& api = *self->tables;
  api.infos_.clear();
  for (const auto& table : api.tables_) api.infos_.push_back({table->name().c_str(), table->key_type()});
  *count = static_cast<uint32_t>(api.infos_.size());
  return api.infos_.data();
}

void* TableApi::get_table(void* owner, const char* name, uint32_t key_type) {
  Owner* self = Owner::of(owner);
  if (self == nullptr) return nullptr;
  self->tables->used_ = true;
  const std::string text = foreign_text(name, kMaxName);
  Table* table = self->tables->find(text);
  if (table == nullptr) {
    self->fail("there is no table named '" + text + "'");
  } else if (table->key_type() != key_type) {
    self->fail("the keys of table '" + text + "' are of another type");
    return nullptr;
  }
  return table;
}

abi::Rc TableApi::add_table(void* owner, const abi::TableInput* in) {
  Owner* self = Owner::of(owner);
  if (self == nullptr || in == nullptr) return abi::kFailure;
  if (!ForeignTable::complete(*in)) {
    self->fail("the table lacks a name, an address, or functions");
    return abi::kFailure;
  }
  self->tables->used_ = true;
  auto table = std::make_unique<ForeignTable>(*self, *in);
  if (self->tables->find(table->name()) != nullptr) {
    self->fail("there is a table named '" + table->name() + "' already");
    return abi::kFailure;
  }
  self->tables->add(std::move(table));
  return abi::kSuccess;
}

}  // namespace peregrine::plugin
