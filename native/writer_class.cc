// SPDX-License-Identifier: Apache-2.0
#include "writer_class.h"

#include "addon_data.h"
#include "interner_class.h"
#include "js.h"
#include "section_input.h"

namespace peregrine {

namespace {

uint64_t number_of(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsNumber()) return 0;
  const double number = value.As<Napi::Number>().DoubleValue();
  return number > 0 ? static_cast<uint64_t>(number) : 0;
}

/** The interner that an argument is; null, with a pending TypeError, for anything else. */
const Interner* interner_of(Napi::Value value) {
  const AddonData* data = value.Env().GetInstanceData<AddonData>();
  if (value.IsObject() && value.As<Napi::Object>().InstanceOf(data->interner.Value())) {
    const Interner* interner = InternerClass::Unwrap(value.As<Napi::Object>())->interner();
    if (interner != nullptr) return interner;
  }
  if (!value.Env().IsExceptionPending()) {
    Napi::TypeError::New(value.Env(), "an interner is expected").ThrowAsJavaScriptException();
  }
  return nullptr;
}

/** Bytes of a Uint8Array; none, with a pending TypeError, for anything else. */
Span bytes_of(Napi::Value value) {
  const Elements<uint8_t> bytes = elements_of<uint8_t>(value, napi_uint8_array);
  return {bytes.data, bytes.count};
}

uint64_t time_of(Napi::Value value) {
  bool lossless = false;
  if (value.IsBigInt()) return value.As<Napi::BigInt>().Uint64Value(&lossless);
  Napi::TypeError::New(value.Env(), "a time as a bigint is expected").ThrowAsJavaScriptException();
  return 0;
}

uint32_t uint_of(Napi::Value value) {
  if (value.IsNumber()) return value.As<Napi::Number>().Uint32Value();
  if (!value.Env().IsExceptionPending()) {
    Napi::TypeError::New(value.Env(), "a number is expected").ThrowAsJavaScriptException();
  }
  return 0;
}

Napi::Value result(Napi::Env env, Written written) { return Napi::Number::New(env, static_cast<uint32_t>(written)); }

}  // namespace

WriteOptions write_options(const Napi::Object& options) {
  WriteOptions result;
  const uint64_t level = number_of(options, "gzip");
  result.gzip_level = static_cast<int>(level > 9 ? 9 : level);
  if (options.Get("legacy").ToBoolean()) result.schema = CaptureSchema::kLegacy;
  result.most_bytes = number_of(options, "mostBytes");
  result.most_events = number_of(options, "mostEvents");
  result.most_ns = number_of(options, "mostNs");
  return result;
}

Napi::Value failure_object(Napi::Env env, const Failure& failure) {
  if (!failure) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object["code"] = Napi::String::New(env, failure.code);
  object["message"] = Napi::String::New(env, failure.message);
  object["offset"] = Napi::Number::New(env, static_cast<double>(failure.offset));
  return object;
}

Napi::Function WriterClass::define(Napi::Env env) {
  return DefineClass(env, "CaptureWriter",
                     {
                         InstanceMethod("open", &WriterClass::open),
                         InstanceMethod("section", &WriterClass::section),
                         InstanceMethod("write", &WriterClass::write),
                         InstanceMethod("writePlugin", &WriterClass::write_plugin),
                         InstanceMethod("writeAsync", &WriterClass::write_async),
                         InstanceMethod("flush", &WriterClass::flush),
                         InstanceMethod("close", &WriterClass::close),
                         InstanceMethod("discard", &WriterClass::discard),
                         InstanceAccessor<&WriterClass::failure>("failure"),
                         InstanceAccessor<&WriterClass::counters>("counters"),
                     });
}

bool WriterClass::is_open(Napi::Env env) const {
  if (env.IsExceptionPending()) return false;
  if (writer_.is_open()) return true;
  Napi::Error::New(env, "CaptureWriter: it is not open").ThrowAsJavaScriptException();
  return false;
}

/** open(path, options, header, interner) */
Napi::Value WriterClass::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsObject()) {
    Napi::TypeError::New(env, "CaptureWriter.open: a path and options are expected").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const SectionHeader header = section_input(info[2]);
  if (env.IsExceptionPending()) return env.Undefined();
  const Interner* names = interner_of(info[3]);
  if (names == nullptr) return env.Undefined();
  const WriteOptions options = write_options(info[1].As<Napi::Object>());
  return Napi::Boolean::New(env, writer_.open(info[0].As<Napi::String>().Utf8Value(), options, header, *names));
}

/** section(header, interner) */
Napi::Value WriterClass::section(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SectionHeader header = section_input(info[0]);
  if (env.IsExceptionPending()) return env.Undefined();
  const Interner* names = interner_of(info[1]);
  if (names == nullptr || !is_open(env)) return env.Undefined();
  return Napi::Boolean::New(env, writer_.section(header, *names));
}

/** write(event, cpu, flags) */
Napi::Value WriterClass::write(const Napi::CallbackInfo& info) {
  const Span event = bytes_of(info[0]);
  if (info.Env().IsExceptionPending()) return info.Env().Undefined();
  const uint16_t cpu = static_cast<uint16_t>(uint_of(info[1]));
  const uint32_t flags = uint_of(info[2]);
  if (!is_open(info.Env())) return info.Env().Undefined();
  return result(info.Env(), writer_.write(event, cpu, flags));
}

/** writePlugin(time, plugin, data) */
Napi::Value WriterClass::write_plugin(const Napi::CallbackInfo& info) {
  const uint64_t ts = time_of(info[0]);
  const uint32_t plugin = uint_of(info[1]);
  if (info.Env().IsExceptionPending()) return info.Env().Undefined();
  const Span data = bytes_of(info[2]);
  if (!is_open(info.Env())) return info.Env().Undefined();
  return result(info.Env(), writer_.write_plugin(ts, plugin, data));
}

/** writeAsync(time, plugin, name, data) */
Napi::Value WriterClass::write_async(const Napi::CallbackInfo& info) {
  const uint64_t ts = time_of(info[0]);
  const uint32_t plugin = uint_of(info[1]);
  if (info.Env().IsExceptionPending()) return info.Env().Undefined();
  const std::string name = info[2].ToString().Utf8Value();
  const Span data = bytes_of(info[3]);
  if (!is_open(info.Env())) return info.Env().Undefined();
  const Span bytes{reinterpret_cast<const uint8_t*>(name.c_str()), name.size() + 1};
  return result(info.Env(), writer_.write_async(ts, plugin, bytes, data));
}

Napi::Value WriterClass::flush(const Napi::CallbackInfo& info) {
  if (!is_open(info.Env())) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), writer_.flush());
}

Napi::Value WriterClass::close(const Napi::CallbackInfo& info) {
  if (!is_open(info.Env())) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), writer_.close());
}

void WriterClass::discard(const Napi::CallbackInfo&) { writer_.discard(); }

Napi::Value WriterClass::failure(const Napi::CallbackInfo& info) { return failure_object(info.Env(), writer_.failure()); }

Napi::Value WriterClass::counters(const Napi::CallbackInfo& info) {
  const auto number = [&](uint64_t value) { return Napi::Number::New(info.Env(), static_cast<double>(value)); };
  Napi::Object object = Napi::Object::New(info.Env());
  object["events"] = number(writer_.events());
  object["leftOut"] = number(writer_.left_out());
  object["bytes"] = number(writer_.bytes());
  object["fileBytes"] = number(writer_.file_bytes());
  return object;
}

}  // namespace peregrine
