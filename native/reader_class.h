// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "reader.h"

namespace peregrine {

/** `new CaptureReader(interner, ring, layout, plan)`; src/capture/scap.ts is its only user and describes it. */
class ReaderClass : public Napi::ObjectWrap<ReaderClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit ReaderClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value header(const Napi::CallbackInfo& info);
  Napi::Value fill(const Napi::CallbackInfo& info);
  void keep(const Napi::CallbackInfo& info);
  void set_plan(const Napi::CallbackInfo& info);
  Napi::Value failure(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);
  Napi::Value unknown_types(const Napi::CallbackInfo& info);
  Napi::Value generation(const Napi::CallbackInfo& info);
  void set_generation(const Napi::CallbackInfo& info, const Napi::Value& value);
  void close(const Napi::CallbackInfo& info);

  std::unique_ptr<Reader> reader_;
  uint32_t slots_ = 0;
  uint32_t most_annex_words_ = 0;
  uint32_t generation_ = 0;
  Napi::Reference<Napi::Float64Array> counters_;
  Napi::ObjectReference interner_;  // must outlive the reader, as must the ring
  Napi::ObjectReference ring_;
  Napi::ObjectReference recent_;
};

}  // namespace peregrine
