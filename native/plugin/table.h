// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "owner.h"

namespace peregrine::plugin {

/**
 * A table of state as a plugin reaches it: what its pointers to tables point to. Pointers to entries and fields mean
 * something to the kind of table only. A failure leaves its reason with the owner.
 */
class Table {
 public:
  Table(Owner& owner, std::string name, uint32_t key_type);
  virtual ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /** The table behind a pointer that came from the plugin; null where it is none of ours. */
  static Table* of(void* pointer);

  const std::string& name() const { return name_; }
  uint32_t key_type() const { return key_type_; }

  virtual abi::TableFieldInfo* list_fields(uint32_t* count) = 0;
  virtual void* get_field(const char* name, uint32_t type) = 0;
  virtual void* add_field(const char* name, uint32_t type) = 0;

  /** UINT64_MAX: not known. */
  virtual uint64_t size() = 0;
  virtual void* entry(const abi::StateData& key) = 0;
  virtual abi::Rc read(void* entry, const void* field, abi::StateData* out) = 0;
  virtual void release(void* entry) = 0;
  virtual bool iterate(abi::Visit visit, void* state) = 0;

  virtual abi::Rc clear() { return refuse(); }
  virtual abi::Rc erase(const abi::StateData&) { return refuse(); }
  virtual void* create() {
    refuse();
    return nullptr;
  }
  virtual void destroy(void*) {}
  virtual void* add(const abi::StateData&, void*) {
    refuse();
    return nullptr;
  }
  virtual abi::Rc write(void*, const void*, const abi::StateData&) { return refuse(); }

  /** Drops what the plugin was lent during one call and did not give back. */
  virtual void end_call() {}

 protected:
  abi::Rc fail(std::string why);
  abi::Rc refuse() { return fail("table '" + name_ + "' does not allow that"); }

  Owner& owner_;

 private:
  uint64_t magic_;
  std::string name_;
  uint32_t key_type_;
};

/** A table that a plugin has made: its functions are the plugin's own. */
class ForeignTable final : public Table {
 public:
  ForeignTable(Owner& owner, const abi::TableInput& in);

  abi::TableFieldInfo* list_fields(uint32_t* count) override;
  void* get_field(const char* name, uint32_t type) override;
  void* add_field(const char* name, uint32_t type) override;
  uint64_t size() override;
  void* entry(const abi::StateData& key) override;
  abi::Rc read(void* entry, const void* field, abi::StateData* out) override;
  void release(void* entry) override;
  bool iterate(abi::Visit visit, void* state) override;
  abi::Rc clear() override;
  abi::Rc erase(const abi::StateData& key) override;
  void* create() override;
  void destroy(void* entry) override;
  void* add(const abi::StateData& key, void* entry) override;
  abi::Rc write(void* entry, const void* field, const abi::StateData& in) override;

  /** False where the plugin left out a function that every table must have. */
  static bool complete(const abi::TableInput& in);

 private:
  void* table_;
  abi::ReaderVtableExt reader_{};
  abi::WriterVtable writer_{};
  abi::FieldsVtable fields_{};
};

}  // namespace peregrine::plugin
