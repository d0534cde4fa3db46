// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "owner.h"
#include "table.h"

namespace peregrine::plugin {

/** The tables that a plugin can reach, and the functions through which it does. */
class TableApi {
 public:
  explicit TableApi(Owner& owner);
  TableApi(const TableApi&) = delete;
  TableApi& operator=(const TableApi&) = delete;

  abi::FieldsVtable fields{};
  abi::ReaderVtableExt reader{};
  abi::WriterVtable writer{};
  abi::InitTablesInput init{};

  /** Whether the plugin has looked for a table, or has one of its own: what its fields say depends on them then. */
  bool used() const { return used_; }

  void add(std::unique_ptr<Table> table) { tables_.push_back(std::move(table)); }
  /** null where there is none of that name. */
  Table* find(const std::string& name) const;
  /** After each call of the plugin: drops what it was lent. */
  void end_call();

 private:
  static abi::TableInfo* list_tables(void* owner, uint32_t* count);
  static void* get_table(void* owner, const char* name, uint32_t key_type);
  static abi::Rc add_table(void* owner, const abi::TableInput* in);

  Owner& owner_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<abi::TableInfo> infos_;
  bool used_ = false;
};

}  // namespace peregrine::plugin
