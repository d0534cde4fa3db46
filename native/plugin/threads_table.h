// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>

#include "table.h"
#include "upcall.h"

namespace peregrine::plugin {

/** A value of a field; a text's bytes are here. */
struct StateValue {
  abi::StateData data{};
  std::string text;
};

struct StateField {
  std::string name;
  uint32_t type;
  bool read_only;
  size_t index;
};

/** The fields of a table that is ours: pointers to them stay valid. */
class StateFields {
 public:
  void add(std::string name, uint32_t type, bool read_only) {
    fields_.push_back({std::move(name), type, read_only, fields_.size()});
  }
  size_t size() const { return fields_.size(); }
  const StateField& at(size_t index) const { return fields_[index]; }
  /** The field behind a pointer of the plugin's; null where it is none of these. */
  const StateField* of(const void* pointer) const;
  const StateField* find(const std::string& name) const;
  abi::TableFieldInfo* list(uint32_t* count);

 private:
  std::deque<StateField> fields_;
  std::vector<abi::TableFieldInfo> infos_;
};

/** A small table that is a field of another one's entry: read-only rows that were copied from the engine. */
class RowsTable final : public Table {
 public:
  /** The fields are those of all tables of the kind, and outlive them: a plugin gets them once, from any of these. */
  RowsTable(Owner& owner, std::string name, uint32_t key_type, StateFields& fields)
      : Table(owner, std::move(name), key_type), fields_(fields) {}

  void add_row(int64_t key, std::vector<StateValue> values);

  abi::TableFieldInfo* list_fields(uint32_t* count) override { return fields_.list(count); }
  void* get_field(const char* name, uint32_t type) override;
  void* add_field(const char*, uint32_t) override {
    refuse();
    return nullptr;
  }
  uint64_t size() override { return rows_.size(); }
  void* entry(const abi::StateData& key) override;
  abi::Rc read(void* entry, const void* field, abi::StateData* out) override;
  void release(void*) override {}
  bool iterate(abi::Visit visit, void* state) override;

 private:
  struct Row {
    int64_t key;
    std::vector<StateValue> values;
  };
  const Row* row_of(const void* entry) const;

  StateFields& fields_;
  std::deque<Row> rows_;
};

/**
 * The table of threads. Its own fields are the engine's, read-only, as they are at the event in hand; an entry is copied as a
 * whole when it is asked for. Fields that the plugin adds are kept here, by thread.
 */
class ThreadsTable final : public Table {
 public:
  ThreadsTable(Owner& owner, Upcall& upcall);

  abi::TableFieldInfo* list_fields(uint32_t* count) override { return fields_.list(count); }
  void* get_field(const char* name, uint32_t type) override;
  void* add_field(const char* name, uint32_t type) override;
  uint64_t size() override;
  void* entry(const abi::StateData& key) override;
  abi::Rc read(void* entry, const void* field, abi::StateData* out) override;
  void release(void* entry) override;
  bool iterate(abi::Visit visit, void* state) override;
  /** An empty entry: it cannot be added, but shows which tables an entry has. */
  void* create() override;
  void destroy(void* entry) override { release(entry); }
  abi::Rc write(void* entry, const void* field, const abi::StateData& in) override;
  void end_call() override;

 private:
  struct Entry {
    int64_t tid = 0;
    bool blank = false;
    std::vector<StateValue> values;
  };
  struct Added {
    uint64_t identity = 0;
    std::vector<StateValue> values;
  };

  Entry* entry_of(const void* pointer) const;
  abi::Rc read_table(Entry& entry, const StateField& field, abi::StateData* out);
  std::unique_ptr<RowsTable> fd_table(const Entry& entry);
  void prune();

  Upcall& upcall_;
  StateFields fields_;
  size_t own_fields_ = 0;
  StateFields text_fields_;
  StateFields pair_fields_;
  StateFields fd_fields_;
  std::vector<std::unique_ptr<Entry>> lent_;
  std::vector<std::unique_ptr<RowsTable>> tables_;
  std::unordered_map<int64_t, Added> added_;
};

}  // namespace peregrine::plugin
