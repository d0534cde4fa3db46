// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "capture_writer.h"

namespace peregrine {

/** `new CaptureWriter()`; src/capture/writer.ts is its only user and describes it. */
class WriterClass : public Napi::ObjectWrap<WriterClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit WriterClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WriterClass>(info) {}

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value section(const Napi::CallbackInfo& info);
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value write_plugin(const Napi::CallbackInfo& info);
  Napi::Value write_async(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  void discard(const Napi::CallbackInfo& info);
  Napi::Value failure(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);

  bool is_open(Napi::Env env) const;

  CaptureWriter writer_;
};

/** The options of a writer, as src/capture/addon.ts describes them; defaults for what is not there. */
WriteOptions write_options(const Napi::Object& options);

/** A failure as src/capture/source.ts has it, null for none. */
Napi::Value failure_object(Napi::Env env, const Failure& failure);

}  // namespace peregrine
