// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "owner.h"

namespace peregrine::plugin {

/** The functions through which a plugin reaches tables of state. */
class TableApi {
 public:
  explicit TableApi(Owner& owner);

  abi::FieldsVtable fields{};
  abi::ReaderVtableExt reader{};
  abi::WriterVtable writer{};
  abi::InitTablesInput init{};

 private:
  Owner& owner_;
};

}  // namespace peregrine::plugin
