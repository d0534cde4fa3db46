// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace peregrine {

/** The elements of a typed array, over shared or private memory. */
template <typename T>
struct Elements {
  T* data = nullptr;
  size_t count = 0;
};

/** Elements of a typed array of the given type; none, with a pending TypeError, for anything else. */
template <typename T>
Elements<T> elements_of(Napi::Value value, napi_typedarray_type wanted) {
  napi_typedarray_type type;
  size_t count = 0;
  void* data = nullptr;
  bool is_typed = false;
  napi_is_typedarray(value.Env(), value, &is_typed);
  if (!is_typed || napi_get_typedarray_info(value.Env(), value, &type, &count, &data, nullptr, nullptr) != napi_ok ||
      type != wanted) {
    Napi::TypeError::New(value.Env(), "a typed array of another kind was expected").ThrowAsJavaScriptException();
    return {};
  }
  return {static_cast<T*>(data), count};
}

}  // namespace peregrine
