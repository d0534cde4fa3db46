// SPDX-License-Identifier: Apache-2.0
#include "table.h"

namespace peregrine::plugin {

namespace {

constexpr uint64_t kTableMagic = 0x7065726567726974;
constexpr size_t kMaxName = 256;

}  // namespace

Table::Table(Owner& owner, std::string name, uint32_t key_type)
    : owner_(owner), magic_(kTableMagic), name_(std::move(name)), key_type_(key_type) {}

Table::~Table() { magic_ = 0; }

Table* Table::of(void* pointer) {
  auto* table = static_cast<Table*>(pointer);
  return table != nullptr && table->magic_ == kTableMagic ? table : nullptr;
}

abi::Rc Table::fail(std::string why) {
  owner_.fail(std::move(why));
  return abi::kFailure;
}

bool ForeignTable::complete(const abi::TableInput& in) {
  const bool fields = in.fields_ext != nullptr || in.fields.get_table_field != nullptr;
  const bool reader = in.reader_ext != nullptr || in.reader.get_table_entry != nullptr;
  const bool writer = in.writer_ext != nullptr || in.writer.write_entry_field != nullptr;
  return in.name != nullptr && in.table != nullptr && fields && reader && writer;
}

ForeignTable::ForeignTable(Owner& owner, const abi::TableInput& in)
    : Table(owner, foreign_text(in.name, kMaxName), in.key_type), table_(in.table) {
  reader_.base = in.reader;
  writer_ = in.writer;
  fields_ = in.fields;
  if (in.reader_ext != nullptr) reader_ = *in.reader_ext;
  if (in.writer_ext != nullptr) writer_ = *in.writer_ext;
  if (in.fields_ext != nullptr) fields_ = *in.fields_ext;
}

abi::TableFieldInfo* ForeignTable::list_fields(uint32_t* count) {
  return fields_.list_table_fields == nullptr ? nullptr : fields_.list_table_fields(table_, count);
}

void* ForeignTable::get_field(const char* name, uint32_t type) {
  return fields_.get_table_field == nullptr ? nullptr : fields_.get_table_field(table_, name, type);
}

void* ForeignTable::add_field(const char* name, uint32_t type) {
  return fields_.add_table_field == nullptr ? nullptr : fields_.add_table_field(table_, name, type);
}

uint64_t ForeignTable::size() {
  return reader_.base.get_table_size == nullptr ? UINT64_MAX : reader_.base.get_table_size(table_);
}

void* ForeignTable::entry(const abi::StateData& key) {
  return reader_.base.get_table_entry == nullptr ? nullptr : reader_.base.get_table_entry(table_, &key);
}

abi::Rc ForeignTable::read(void* entry, const void* field, abi::StateData* out) {
  return reader_.base.read_entry_field == nullptr ? refuse() : reader_.base.read_entry_field(table_, entry, field, out);
}

void ForeignTable::release(void* entry) {
  if (reader_.release_table_entry != nullptr) reader_.release_table_entry(table_, entry);
}

bool ForeignTable::iterate(abi::Visit visit, void* state) {
  return reader_.iterate_entries != nullptr && (reader_.iterate_entries(table_, visit, state) & 0xff) != 0;
}

abi::Rc ForeignTable::clear() { return writer_.clear_table == nullptr ? refuse() : writer_.clear_table(table_); }

abi::Rc ForeignTable::erase(const abi::StateData& key) {
  return writer_.erase_table_entry == nullptr ? refuse() : writer_.erase_table_entry(table_, &key);
}

void* ForeignTable::create() {
  return writer_.create_table_entry == nullptr ? Table::create() : writer_.create_table_entry(table_);
}

void ForeignTable::destroy(void* entry) {
  if (writer_.destroy_table_entry != nullptr) writer_.destroy_table_entry(table_, entry);
}

void* ForeignTable::add(const abi::StateData& key, void* entry) {
  return writer_.add_table_entry == nullptr ? Table::add(key, entry) : writer_.add_table_entry(table_, &key, entry);
}

abi::Rc ForeignTable::write(void* entry, const void* field, const abi::StateData& in) {
  return writer_.write_entry_field == nullptr ? refuse() : writer_.write_entry_field(table_, entry, field, &in);
}

}  // namespace peregrine::plugin
