// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "interner.h"

namespace peregrine {

/**
 * `new Interner(offsets, lengths, flags, arena)` over views of the dictionary's shared buffers; see
 * src/batch/interner.ts for its methods.
 */
class InternerClass : public Napi::ObjectWrap<InternerClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit InternerClass(const Napi::CallbackInfo& info);
  Interner* interner() { return interner_.get(); }

 private:
  Napi::Value intern(const Napi::CallbackInfo& info);
  Napi::Value intern_bytes(const Napi::CallbackInfo& info);
  Napi::Value join(const Napi::CallbackInfo& info);
  Napi::Value count(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  Napi::Value lost(const Napi::CallbackInfo& info);
  void sweep(const Napi::CallbackInfo& info);

  std::unique_ptr<Interner> interner_;
  std::vector<Napi::ObjectReference> held_;  // the views, so that their memory stays
};

}  // namespace peregrine
