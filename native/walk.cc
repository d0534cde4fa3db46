// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include <map>
#include <unordered_set>

#include "event.h"

namespace peregrine {

namespace {

template <typename Key>
Napi::Array pairs(Napi::Env env, const std::map<Key, uint64_t>& counts) {
  Napi::Array list = Napi::Array::New(env);
  for (const auto& [key, count] : counts) {
    Napi::Array pair = Napi::Array::New(env, 2);
    pair.Set(0u, Napi::Number::New(env, key));
    pair.Set(1u, Napi::Number::New(env, static_cast<double>(count)));
    list.Set(list.Length(), pair);
  }
  return list;
}

}  // namespace

Napi::Value walk_blocks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) {
    Napi::TypeError::New(env, "walkBlocks: a path is expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Input input;
  Failure failure;
  std::map<uint32_t, uint64_t> blocks;
  std::map<uint16_t, uint64_t> types;
  std::unordered_set<uint64_t> threads;
  uint64_t events = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  if (!input.open(info[0].As<Napi::String>().Utf8Value())) failure = input.failure();
  Block block;
  while (!failure && next_block(input, block, failure) == BlockStatus::kBlock) {
    blocks[block.number]++;
    RawEvent event;
    if (block.type.kind == BlockKind::kEvent && decode_event(block, event, failure) != EventStatus::kFailed) {
      if (event.type < kEventTypes && !params_fit(event, kEvents[event.type].length_width)) {
        bad_parameter(block, event.type, failure);
        break;
      }
      events++;
      types[event.type]++;
      threads.insert(event.tid);
      if (first == 0) first = event.ts;
      last = event.ts;
    }
    input.consume(block.total);
  }
  const std::string code = failure ? failure.code : "";
  Napi::Object result = Napi::Object::New(env);
  result["gzip"] = Napi::Boolean::New(env, input.is_gzip());
  result["truncated"] = Napi::Boolean::New(env, code == "CAPTURE_TRUNCATED" || code == "CAPTURE_GZIP_TRUNCATED");
  result["failure"] = failure ? Napi::Value(Napi::String::New(env, code)) : env.Null();
  result["blocks"] = pairs(env, blocks);
  result["events"] = Napi::Number::New(env, static_cast<double>(events));
  result["eventTypes"] = pairs(env, types);
  result["firstTime"] = Napi::BigInt::New(env, first);
  result["lastTime"] = Napi::BigInt::New(env, last);
  result["threads"] = Napi::Number::New(env, static_cast<double>(threads.size()));
  return result;
}

}  // namespace peregrine
