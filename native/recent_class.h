// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "recent_events.h"
#include "stage_class.h"

namespace peregrine {

/** `new RecentEvents(stage, interner, options)`; src/capture/recent.ts is its only user and describes it. */
class RecentClass : public Napi::ObjectWrap<RecentClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit RecentClass(const Napi::CallbackInfo& info);

  RecentEvents* events() { return events_.get(); }

 private:
  void begin(const Napi::CallbackInfo& info);
  void match(const Napi::CallbackInfo& info);
  void choose(const Napi::CallbackInfo& info);
  void settle(const Napi::CallbackInfo& info);
  void pass_time(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value is_due(const Napi::CallbackInfo& info);
  Napi::Value is_full(const Napi::CallbackInfo& info);
  Napi::Value finished(const Napi::CallbackInfo& info);

  std::unique_ptr<RecentEvents> events_;
  StageClass* stage_ = nullptr;
  Interner* interner_ = nullptr;
  Napi::ObjectReference held_stage_;
  Napi::ObjectReference held_interner_;
};

/** The events that an argument of a reader's keep() is; null, with a pending TypeError, for anything else. */
RecentEvents* recent_of(Napi::Value value);

}  // namespace peregrine
