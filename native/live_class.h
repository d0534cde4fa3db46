// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "live_reader.h"

namespace peregrine {

/** `new LiveReader(interner, ring, layout, plan, options)`; src/capture/live.ts is its only user and describes it. */
class LiveClass : public Napi::ObjectWrap<LiveClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit LiveClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value snapshot(const Napi::CallbackInfo& info);
  Napi::Value fill(const Napi::CallbackInfo& info);
  void keep(const Napi::CallbackInfo& info);
  void set_plan(const Napi::CallbackInfo& info);
  void set_interest(const Napi::CallbackInfo& info);
  void record(const Napi::CallbackInfo& info);
  Napi::Value recorded(const Napi::CallbackInfo& info);
  Napi::Value container(const Napi::CallbackInfo& info);
  void tell(const Napi::CallbackInfo& info);
  void simulate_drop(const Napi::CallbackInfo& info);
  void add(const Napi::CallbackInfo& info);
  Napi::Value failure(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);
  Napi::Value drops(const Napi::CallbackInfo& info);
  Napi::Value generation(const Napi::CallbackInfo& info);
  void set_generation(const Napi::CallbackInfo& info, const Napi::Value& value);
  void close(const Napi::CallbackInfo& info);

  std::unique_ptr<LiveReader> reader_;
  uint32_t slots_ = 0;
  uint32_t most_annex_words_ = 0;
  uint32_t generation_ = 0;
  Napi::Reference<Napi::Float64Array> counters_;
  Napi::Reference<Napi::Float64Array> drops_;
  Napi::ObjectReference interner_;  // must outlive the reader, as must the ring
  Napi::ObjectReference ring_;
  Napi::ObjectReference recent_;
};

}  // namespace peregrine
