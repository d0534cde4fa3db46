// SPDX-License-Identifier: Apache-2.0
#include "interner_class.h"

#include <algorithm>

#include "js.h"

namespace peregrine {

Napi::Function InternerClass::define(Napi::Env env) {
  return DefineClass(env, "Interner",
                     {
                         InstanceMethod("intern", &InternerClass::intern),
                         InstanceMethod("internBytes", &InternerClass::intern_bytes),
                         InstanceMethod("join", &InternerClass::join),
                         InstanceMethod("sweep", &InternerClass::sweep),
                         InstanceAccessor<&InternerClass::count>("count"),
                         InstanceAccessor<&InternerClass::bytes>("bytes"),
                         InstanceAccessor<&InternerClass::lost>("lost"),
                     });
}

InternerClass::InternerClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<InternerClass>(info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 4) {
    Napi::TypeError::New(env, "Interner: offsets, lengths, flags and arena are expected").ThrowAsJavaScriptException();
    return;
  }
  const Elements<uint32_t> offsets = elements_of<uint32_t>(info[0], napi_uint32_array);
  if (env.IsExceptionPending()) return;
  const Elements<uint32_t> lengths = elements_of<uint32_t>(info[1], napi_uint32_array);
  if (env.IsExceptionPending()) return;
  const Elements<uint8_t> flags = elements_of<uint8_t>(info[2], napi_uint8_array);
  if (env.IsExceptionPending()) return;
  const Elements<uint8_t> arena = elements_of<uint8_t>(info[3], napi_uint8_array);
  if (env.IsExceptionPending()) return;
  const size_t ids = std::min({offsets.count, lengths.count, flags.count});
  if (ids < 2 || arena.count == 0) {
    Napi::RangeError::New(env, "Interner: the dictionary is too small").ThrowAsJavaScriptException();
    return;
  }
  // Offsets are 32 bits wide.
  const uint64_t bytes = std::min<uint64_t>(arena.count, UINT32_MAX);
  interner_ = std::make_unique<Interner>(
      DictionaryMemory{offsets.data, lengths.data, flags.data, arena.data, static_cast<uint32_t>(ids), bytes});
  for (size_t i = 0; i < 4; i++) held_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
}

Napi::Value InternerClass::intern(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  char local[4096];
  size_t size = 0;
  if (napi_get_value_string_latin1(env, info[0], local, sizeof local, &size) != napi_ok) {
    Napi::TypeError::New(env, "Interner.intern: a string is expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (size < sizeof local - 1) {
    return Napi::Number::New(env, interner_->intern(reinterpret_cast<const uint8_t*>(local), size));
  }
  napi_get_value_string_latin1(env, info[0], nullptr, 0, &size);
  std::vector<char> text(size + 1);
  napi_get_value_string_latin1(env, info[0], text.data(), text.size(), &size);
  return Napi::Number::New(env, interner_->intern(reinterpret_cast<const uint8_t*>(text.data()), size));
}

Napi::Value InternerClass::intern_bytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Elements<uint8_t> bytes = elements_of<uint8_t>(info[0], napi_uint8_array);
  if (env.IsExceptionPending()) return env.Undefined();
  const int64_t start = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : 0;
  const int64_t end = info[2].IsNumber() ? info[2].As<Napi::Number>().Int64Value() : static_cast<int64_t>(bytes.count);
  if (start < 0 || end < start || end > static_cast<int64_t>(bytes.count)) {
    Napi::RangeError::New(env, "Interner.internBytes: the range is outside of the bytes").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Number::New(env, interner_->intern(bytes.data + start, static_cast<size_t>(end - start)));
}

Napi::Value InternerClass::join(const Napi::CallbackInfo& info) {
  uint32_t ids[2] = {0, 0};
  for (size_t i = 0; i < 2; i++) {
    if (napi_get_value_uint32(info.Env(), info[i], &ids[i]) != napi_ok) {
      Napi::TypeError::New(info.Env(), "Interner.join: two ids are expected").ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
  }
  return Napi::Number::New(info.Env(), interner_->join(ids[0], ids[1]));
}

void InternerClass::sweep(const Napi::CallbackInfo& info) {
  const Elements<uint8_t> marks = elements_of<uint8_t>(info[0], napi_uint8_array);
  if (info.Env().IsExceptionPending()) return;
  interner_->sweep(marks.data, marks.count);
}

Napi::Value InternerClass::count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), interner_->count());
}

Napi::Value InternerClass::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(interner_->bytes()));
}

Napi::Value InternerClass::lost(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(interner_->lost()));
}

}  // namespace peregrine
