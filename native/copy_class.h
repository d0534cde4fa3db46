// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "capture_copy.h"

namespace peregrine {

/** `new CaptureCopy()`; src/capture/copy.ts is its only user and describes it. */
class CopyClass : public Napi::ObjectWrap<CopyClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit CopyClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CopyClass>(info) {}

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value copy_all(const Napi::CallbackInfo& info);
  Napi::Value copy(const Napi::CallbackInfo& info);
  Napi::Value skip(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  void discard(const Napi::CallbackInfo& info);
  Napi::Value failure(const Napi::CallbackInfo& info);
  Napi::Value write_failure(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);

  CaptureCopy copy_;
};

}  // namespace peregrine
