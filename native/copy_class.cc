// SPDX-License-Identifier: Apache-2.0
#include "copy_class.h"

#include "js.h"
#include "writer_class.h"

namespace peregrine {

namespace {

uint64_t most_of(Napi::Value value) {
  const double most = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  return most > 0 ? static_cast<uint64_t>(most) : 0;
}

}  // namespace

Napi::Function CopyClass::define(Napi::Env env) {
  return DefineClass(env, "CaptureCopy",
                     {
                         InstanceMethod("open", &CopyClass::open),
                         InstanceMethod("copyAll", &CopyClass::copy_all),
                         InstanceMethod("copy", &CopyClass::copy),
                         InstanceMethod("skip", &CopyClass::skip),
                         InstanceMethod("close", &CopyClass::close),
                         InstanceMethod("discard", &CopyClass::discard),
                         InstanceAccessor<&CopyClass::failure>("failure"),
                         InstanceAccessor<&CopyClass::write_failure>("writeFailure"),
                         InstanceAccessor<&CopyClass::counters>("counters"),
                     });
}

/** open(from, to, options) */
Napi::Value CopyClass::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsString() || !info[2].IsObject()) {
    Napi::TypeError::New(env, "CaptureCopy.open: two paths and options are expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const Napi::Object options = info[2].As<Napi::Object>();
  CaptureCopy::Options copy;
  copy.write = write_options(options);
  copy.keep_state = options.Get("keepState").ToBoolean();
  return Napi::Boolean::New(env, copy_.open(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value(), copy));
}

Napi::Value CopyClass::copy_all(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), copy_.copy_all(most_of(info[0])));
}

/** copy(numbers): a Float64Array. */
Napi::Value CopyClass::copy(const Napi::CallbackInfo& info) {
  const Elements<double> numbers = elements_of<double>(info[0], napi_float64_array);
  if (info.Env().IsExceptionPending()) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), numbers.count == 0 || copy_.copy(numbers.data, numbers.count));
}

Napi::Value CopyClass::skip(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), copy_.skip(most_of(info[0])));
}

Napi::Value CopyClass::close(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), copy_.close()); }

void CopyClass::discard(const Napi::CallbackInfo&) { copy_.discard(); }

Napi::Value CopyClass::failure(const Napi::CallbackInfo& info) { return failure_object(info.Env(), copy_.failure()); }

Napi::Value CopyClass::write_failure(const Napi::CallbackInfo& info) {
  return failure_object(info.Env(), copy_.write_failure());
}

Napi::Value CopyClass::counters(const Napi::CallbackInfo& info) {
  Napi::Float64Array counters = Napi::Float64Array::New(info.Env(), kCopyCounters);
  copy_.report(counters.Data());
  return counters;
}

}  // namespace peregrine
