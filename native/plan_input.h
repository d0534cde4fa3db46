// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "event_table.generated.h"
#include "js.h"
#include "layout.generated.h"

namespace peregrine {

/** A plan that takes the place of another one. */
struct NewPlan {
  const int32_t* rows;
  uint32_t annex_words;
};

/** Takes setPlan(plan, words of an annex); false with a pending error where they do not fit. */
inline bool new_plan(const Napi::CallbackInfo& info, uint32_t most_annex_words, NewPlan& plan) {
  const Elements<int32_t> rows = elements_of<int32_t>(info[0], napi_int32_array);
  if (info.Env().IsExceptionPending()) return false;
  const uint32_t words = info[1].IsNumber() ? info[1].As<Napi::Number>().Uint32Value() : 0;
  if (rows.count < kEventTypes * kPlanWords || words > most_annex_words || words % 2 != 0) {
    Napi::RangeError::New(info.Env(), "setPlan: the plan is too short, or the annexes too long").ThrowAsJavaScriptException();
    return false;
  }
  plan = {rows.data, words};
  return true;
}

}  // namespace peregrine
