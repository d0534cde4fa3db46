// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "state/stage.h"

namespace peregrine {

/** `new StateStage(interner, tables, layout, plan)`; src/state/stage.ts is its only user and describes it. */
class StageClass : public Napi::ObjectWrap<StageClass> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit StageClass(const Napi::CallbackInfo& info);

  /** Null where it could not be made. */
  state::Stage* stage() { return stage_.get(); }

 private:
  void begin(const Napi::CallbackInfo& info);
  void set_plan(const Napi::CallbackInfo& info);
  void apply(const Napi::CallbackInfo& info);
  void settle(const Napi::CallbackInfo& info);
  void mark(const Napi::CallbackInfo& info);
  void collected(const Napi::CallbackInfo& info);
  void poison(const Napi::CallbackInfo& info);
  Napi::Value held_fd_rows(const Napi::CallbackInfo& info);
  Napi::Value fds_of(const Napi::CallbackInfo& info);
  Napi::Value is_tight(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);

  std::unique_ptr<state::Stage> stage_;
  uint32_t slots_ = 0;
  size_t strings_ = 0;
  int32_t row_count_ = 0;
  std::vector<Napi::ObjectReference> held_;  // the interner and the views, so that their memory stays
};

/** `stateRules()`: an Int32Array with type, mask of parameters, test and its four operands of each rule of the stage. */
Napi::Value state_rules(const Napi::CallbackInfo& info);

}  // namespace peregrine
