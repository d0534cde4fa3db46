// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "link.h"

namespace peregrine::plugin {

/** A Link as JavaScript sees it: NativeLink of src/plugins/library/addon.ts. */
class LinkClass : public Napi::ObjectWrap<LinkClass> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit LinkClass(const Napi::CallbackInfo& info);

 private:
  Napi::Value call(const Napi::CallbackInfo& info);
  Napi::Value begin(const Napi::CallbackInfo& info);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value add_image(const Napi::CallbackInfo& info);
  uint8_t* add_event(Napi::Env env, const Napi::CallbackInfo& info, size_t image);
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value copy(const Napi::CallbackInfo& info);
  Napi::Value take(const Napi::CallbackInfo& info);
  void on_question(const Napi::CallbackInfo& info);
  Napi::Value next_mail(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value status(const Napi::CallbackInfo& info);
  Napi::Value source(const Napi::CallbackInfo& info);
  Napi::Value lost(const Napi::CallbackInfo& info);
  Napi::Value death(const Napi::CallbackInfo& info);
  Napi::Value error(const Napi::CallbackInfo& info);

  bool is_open(Napi::Env env);
  Napi::Value response(Napi::Env env);

  Napi::Reference<Napi::Object> words_;
  Napi::FunctionReference answer_;
  std::unique_ptr<Link> link_;
  int32_t status_ = 0;
  /** The batch of events that is being made. */
  size_t batch_size_ = 0;
  uint32_t batch_count_ = 0;
};

}  // namespace peregrine::plugin
