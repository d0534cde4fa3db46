// SPDX-License-Identifier: Apache-2.0
#include "recent_class.h"

#include "addon_data.h"
#include "interner_class.h"
#include "js.h"
#include "writer_class.h"

namespace peregrine {

namespace {

uint64_t number_of(Napi::Value value) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  return number > 0 ? static_cast<uint64_t>(number) : 0;
}

uint64_t time_of(Napi::Value value) {
  bool is_lossless = false;
  if (value.IsBigInt()) return value.As<Napi::BigInt>().Uint64Value(&is_lossless);
  Napi::TypeError::New(value.Env(), "a time as a bigint is expected").ThrowAsJavaScriptException();
  return 0;
}

}  // namespace

Napi::Function RecentClass::define(Napi::Env env) {
  return DefineClass(env, "RecentEvents",
                     {
                         InstanceMethod("begin", &RecentClass::begin),
                         InstanceMethod("match", &RecentClass::match),
                         InstanceMethod("choose", &RecentClass::choose),
                         InstanceMethod("settle", &RecentClass::settle),
                         InstanceMethod("passTime", &RecentClass::pass_time),
                         InstanceMethod("close", &RecentClass::close),
                         InstanceMethod("finished", &RecentClass::finished),
                         InstanceAccessor<&RecentClass::is_due>("due"),
                         InstanceAccessor<&RecentClass::is_full>("full"),
                     });
}

RecentClass::RecentClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RecentClass>(info) {
  const Napi::Env env = info.Env();
  const AddonData* data = env.GetInstanceData<AddonData>();
  const bool is_good = info.Length() >= 3 && info[0].IsObject() && info[1].IsObject() && info[2].IsObject() &&
                       info[0].As<Napi::Object>().InstanceOf(data->stage.Value()) &&
                       info[1].As<Napi::Object>().InstanceOf(data->interner.Value());
  if (!is_good) {
    Napi::TypeError::New(env, "RecentEvents: a stage, an interner and options are expected").ThrowAsJavaScriptException();
    return;
  }
  stage_ = StageClass::Unwrap(info[0].As<Napi::Object>());
  interner_ = InternerClass::Unwrap(info[1].As<Napi::Object>())->interner();
  held_stage_ = Napi::Persistent(info[0].As<Napi::Object>());
  held_interner_ = Napi::Persistent(info[1].As<Napi::Object>());
  const Napi::Object options = info[2].As<Napi::Object>();
  const Napi::Value path = options.Get("path");
  if (path.IsString()) {
    events_ = std::make_unique<RecentEvents>(path.As<Napi::String>().Utf8Value(), write_options(options));
    return;
  }
  const Napi::Value prefix = options.Get("prefix");
  if (!prefix.IsString()) {
    Napi::TypeError::New(env, "RecentEvents: a path or a prefix of paths is expected").ThrowAsJavaScriptException();
    return;
  }
  MatchOptions matches;
  matches.prefix = prefix.As<Napi::String>().Utf8Value();
  matches.before_bytes = number_of(options.Get("beforeBytes"));
  matches.before_ns = number_of(options.Get("beforeNs"));
  matches.most_bytes = number_of(options.Get("mostBytes"));
  events_ = std::make_unique<RecentEvents>(matches);
}

/** begin(is a section) */
void RecentClass::begin(const Napi::CallbackInfo& info) {
  if (stage_->stage() == nullptr || interner_ == nullptr) return;
  events_->begin(stage_->stage()->picture(), *interner_, info[0].ToBoolean());
}

/** match(number, time, ns) */
void RecentClass::match(const Napi::CallbackInfo& info) {
  const uint64_t time = time_of(info[1]);
  if (!info.Env().IsExceptionPending()) events_->match(number_of(info[0]), time, number_of(info[2]));
}

/** choose(numbers): a Float64Array. */
void RecentClass::choose(const Napi::CallbackInfo& info) {
  const Elements<double> numbers = elements_of<double>(info[0], napi_float64_array);
  if (!info.Env().IsExceptionPending()) events_->choose(numbers.data, numbers.count);
}

void RecentClass::settle(const Napi::CallbackInfo& info) { events_->settle(number_of(info[0])); }

void RecentClass::pass_time(const Napi::CallbackInfo& info) {
  const uint64_t time = time_of(info[0]);
  if (!info.Env().IsExceptionPending()) events_->pass_time(time);
}

void RecentClass::close(const Napi::CallbackInfo&) { events_->close(); }

Napi::Value RecentClass::is_due(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), events_->is_due()); }

Napi::Value RecentClass::is_full(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), events_->is_full()); }

Napi::Value RecentClass::finished(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array list = Napi::Array::New(env);
  for (const FinishedCapture& capture : events_->finished()) {
    Napi::Object entry = Napi::Object::New(env);
    entry["path"] = Napi::String::New(env, capture.path);
    entry["match"] = Napi::Number::New(env, static_cast<double>(capture.match));
    entry["events"] = Napi::Number::New(env, static_cast<double>(capture.events));
    entry["cut"] = Napi::Boolean::New(env, capture.is_cut);
    entry["failure"] = failure_object(env, capture.failure);
    list.Set(list.Length(), entry);
  }
  return list;
}

RecentEvents* recent_of(Napi::Value value) {
  const AddonData* data = value.Env().GetInstanceData<AddonData>();
  if (value.IsObject() && value.As<Napi::Object>().InstanceOf(data->recent.Value())) {
    return RecentClass::Unwrap(value.As<Napi::Object>())->events();
  }
  Napi::TypeError::New(value.Env(), "recent events are expected").ThrowAsJavaScriptException();
  return nullptr;
}

}  // namespace peregrine
