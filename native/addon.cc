// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include "addon_data.h"
#include "copy_class.h"
#include "interner_class.h"
#include "live_class.h"
#include "reader_class.h"
#include "recent_class.h"
#include "stage_class.h"
#include "walk.h"
#include "writer_class.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* data = new peregrine::AddonData();
  data->interner = Napi::Persistent(peregrine::InternerClass::define(env));
  data->reader = Napi::Persistent(peregrine::ReaderClass::define(env));
  exports["Interner"] = data->interner.Value();
  exports["CaptureReader"] = data->reader.Value();
  exports["LiveReader"] = peregrine::LiveClass::define(env);
  data->stage = Napi::Persistent(peregrine::StageClass::define(env));
  data->recent = Napi::Persistent(peregrine::RecentClass::define(env));
  exports["StateStage"] = data->stage.Value();
  exports["RecentEvents"] = data->recent.Value();
  exports["stateRules"] = Napi::Function::New(env, peregrine::state_rules, "stateRules");
  exports["CaptureWriter"] = peregrine::WriterClass::define(env);
  exports["CaptureCopy"] = peregrine::CopyClass::define(env);
  exports["walkBlocks"] = Napi::Function::New(env, peregrine::walk_blocks, "walkBlocks");
  env.SetInstanceData(data);
  return exports;
}

}  // namespace

NODE_API_MODULE(peregrine, init)
