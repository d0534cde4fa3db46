// SPDX-License-Identifier: Apache-2.0
#include "link_class.h"

#include <algorithm>
#include <cstring>

#include "../js.h"

namespace peregrine::plugin {

namespace {

constexpr double kMaxTimeoutMs = 86400000;
constexpr size_t kBatchHead = 8;
constexpr size_t kEventHead = 24;
/** Of one take: a batch of events is copied into memory of this many bytes, or of one event that is larger. */
constexpr size_t kTakeBytes = size_t{1} << 20;

uint64_t nanoseconds(const Napi::Value& value) {
  const double ms = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  return static_cast<uint64_t>(std::clamp(ms, 0.0, kMaxTimeoutMs) * 1e6);
}

uint32_t word_of(const Napi::Value& value) { return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0; }

}  // namespace

Napi::Function LinkClass::define(Napi::Env env) {
  return DefineClass(env, "Link",
                     {
                         InstanceMethod("call", &LinkClass::call),
                         InstanceMethod("begin", &LinkClass::begin),
                         InstanceMethod("add", &LinkClass::add),
                         InstanceMethod("addImage", &LinkClass::add_image),
                         InstanceMethod("run", &LinkClass::run),
                         InstanceMethod("copy", &LinkClass::copy),
                         InstanceMethod("take", &LinkClass::take),
                         InstanceMethod("nextMail", &LinkClass::next_mail),
                         InstanceMethod("onQuestion", &LinkClass::on_question),
                         InstanceMethod("close", &LinkClass::close),
                         InstanceAccessor<&LinkClass::status>("status"),
                         InstanceAccessor<&LinkClass::source>("source"),
                         InstanceAccessor<&LinkClass::lost>("lost"),
                         InstanceAccessor<&LinkClass::death>("death"),
                         InstanceAccessor<&LinkClass::error>("error"),
                     });
}

LinkClass::LinkClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LinkClass>(info) {
  const Napi::Env env = info.Env();
  const Elements<int32_t> words = elements_of<int32_t>(info[0], napi_int32_array);
  if (env.IsExceptionPending()) return;
  if (words.count < SharedProcess::kWords || !info[1].IsString() || !info[2].IsString()) {
    Napi::TypeError::New(env, "Link: words, host and library are expected").ThrowAsJavaScriptException();
    return;
  }
  words_ = Napi::Persistent(info[0].As<Napi::Object>());
  link_ = std::make_unique<Link>(words.data, info[1].As<Napi::String>().Utf8Value(),
                                 info[2].As<Napi::String>().Utf8Value(), word_of(info[3]), word_of(info[4]));
  if (!link_->open()) status_ = kDied;
}

bool LinkClass::is_open(Napi::Env) {
  if (link_ != nullptr && link_->channel() != nullptr) return true;
  status_ = kDied;
  return false;
}

/** A private copy of the answer: what the plugin's side writes later does not reach it. */
Napi::Value LinkClass::response(Napi::Env env) {
  const size_t size = link_->response_size();
  Napi::Uint8Array copy = Napi::Uint8Array::New(env, size);
  std::memcpy(copy.Data(), link_->response(), size);
  return copy;
}

/** call(operation, payload, timeoutMs): the answer; `status` tells how it went. */
Napi::Value LinkClass::call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return env.Null();
  const Elements<uint8_t> payload = elements_of<uint8_t>(info[1], napi_uint8_array);
  if (env.IsExceptionPending()) return env.Null();
  if (payload.count > Channel::kRequestBytes) {
    status_ = kTooLarge;
    return env.Null();
  }
  if (payload.count > 0) std::memcpy(link_->request(), payload.data, payload.count);
  status_ = link_->call(static_cast<Operation>(word_of(info[0])), payload.count, nanoseconds(info[2]));
  return status_ <= kDied ? env.Null() : response(env);
}

/** begin(): a batch of events without any. */
Napi::Value LinkClass::begin(const Napi::CallbackInfo& info) {
  batch_size_ = kBatchHead;
  batch_count_ = 0;
  return info.Env().Undefined();
}

/**
 * Room for the image of one more event in the batch, its number, time and source taken from the first three arguments; null
 * where it does not fit.
 */
uint8_t* LinkClass::add_event(Napi::Env env, const Napi::CallbackInfo& info, size_t image) {
  if (batch_size_ + kEventHead + padded(image) > Channel::kRequestBytes) return nullptr;
  uint64_t time = 0;
  bool lossless = false;
  napi_get_value_bigint_uint64(env, info[1], &time, &lossless);
  const uint64_t number = info[0].IsNumber() ? static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value()) : 0;
  const uint32_t source = word_of(info[2]);
  const auto size = static_cast<uint32_t>(image);
  uint8_t* to = link_->request() + batch_size_;
  std::memcpy(to, &number, 8);
  std::memcpy(to + 8, &time, 8);
  std::memcpy(to + 16, &source, 4);
  std::memcpy(to + 20, &size, 4);
  batch_size_ += kEventHead + padded(image);
  batch_count_++;
  return to + kEventHead;
}

/**
 * add(number, time, source, pluginId, data[, name]): false where the event does not fit the batch any more. With a name it is
 * one that a plugin added out of turn.
 */
Napi::Value LinkClass::add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return Napi::Boolean::New(env, false);
  const Elements<uint8_t> data = elements_of<uint8_t>(info[4], napi_uint8_array);
  if (env.IsExceptionPending()) return env.Undefined();
  const bool is_async = info.Length() > 5 && info[5].IsString();
  const std::string name = is_async ? info[5].As<Napi::String>().Utf8Value() : std::string();
  const size_t lengths = is_async ? 12 : 8;
  const size_t name_size = is_async ? name.size() + 1 : 0;
  const size_t image = sizeof(abi::Event) + lengths + 4 + name_size + data.count;
  uint8_t* to = add_event(env, info, image);
  if (to == nullptr) return Napi::Boolean::New(env, false);
  uint64_t time = 0;
  bool lossless = false;
  napi_get_value_bigint_uint64(env, info[1], &time, &lossless);
  const abi::Event head{time, abi::kNone, static_cast<uint32_t>(image), is_async ? abi::kAsyncEvent : abi::kPluginEvent,
                        is_async ? 3u : 2u};
  const uint32_t id = word_of(info[3]);
  const uint32_t sizes[3] = {4, static_cast<uint32_t>(is_async ? name_size : data.count), static_cast<uint32_t>(data.count)};
  std::memcpy(to, &head, sizeof head);
  std::memcpy(to + sizeof head, sizes, lengths);
  to += sizeof head + lengths;
  std::memcpy(to, &id, 4);
  if (is_async) std::memcpy(to + 4, name.c_str(), name_size);
  if (data.count > 0) std::memcpy(to + 4 + name_size, data.data, data.count);
  return Napi::Boolean::New(env, true);
}

/** addImage(number, time, source, image): adds an event as the kernel's ring or a capture has it. */
Napi::Value LinkClass::add_image(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return Napi::Boolean::New(env, false);
  const Elements<uint8_t> image = elements_of<uint8_t>(info[3], napi_uint8_array);
  if (env.IsExceptionPending()) return env.Undefined();
  uint8_t* to = image.count < sizeof(abi::Event) ? nullptr : add_event(env, info, image.count);
  if (to == nullptr) return Napi::Boolean::New(env, false);
  std::memcpy(to, image.data, image.count);
  return Napi::Boolean::New(env, true);
}

/**
 * run(operation, into, timeoutMs): sends the batch. Copies the answer into `into` where it fits, and returns its size: where
 * that is larger, copy() copies it into a larger one. -1: see `status`.
 */
Napi::Value LinkClass::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return Napi::Number::New(env, -1);
  const Elements<uint8_t> into = elements_of<uint8_t>(info[1], napi_uint8_array);
  if (env.IsExceptionPending()) return env.Undefined();
  const auto operation = static_cast<Operation>(word_of(info[0]));
  const uint32_t head[2] = {batch_count_, 0};
  std::memcpy(link_->request(), head, sizeof head);
  status_ = link_->call(operation, batch_size_, nanoseconds(info[2]));
  if (status_ <= kDied) return Napi::Number::New(env, -1);
  const size_t size = link_->response_size();
  if (size <= into.count) std::memcpy(into.data, link_->response(), size);
  return Napi::Number::New(env, static_cast<double>(size));
}

/** copy(into): the answer again, as much of it as fits. */
Napi::Value LinkClass::copy(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return Napi::Number::New(env, -1);
  const Elements<uint8_t> into = elements_of<uint8_t>(info[0], napi_uint8_array);
  if (env.IsExceptionPending()) return env.Undefined();
  const size_t size = std::min(link_->response_size(), into.count);
  std::memcpy(into.data, link_->response(), size);
  return Napi::Number::New(env, static_cast<double>(size));
}

/**
 * take(max, waitMs): the next events, in memory of their own: for each u64 time, u32 offset, u32 size, and behind those the
 * data. null: none came.
 */
Napi::Value LinkClass::take(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return env.Null();
  const uint32_t max = std::max<uint32_t>(1, word_of(info[0]));
  status_ = 0;
  if (!link_->wait_events(nanoseconds(info[1]))) {
    status_ = kDied;
    return env.Null();
  }
  // Two walks: entries are counted, then copied. Sizes are loaded once, in the first, and kept.
  std::vector<std::pair<Entry, const uint8_t*>> found;
  size_t bytes = 0;
  const bool good = link_->events().read([&](const Entry& entry, const uint8_t* data) {
    if (found.size() >= max || (!found.empty() && bytes + entry.size > kTakeBytes)) return false;
    found.emplace_back(entry, data);
    bytes += entry.size;
    return true;
  });
  const SourceStatus source = link_->source();
  if (!good || source == SourceStatus::kClosed || source > SourceStatus::kFailed) {
    link_->corrupt();
    status_ = kCorrupt;
    return env.Null();
  }
  if (found.empty()) {
    if (source == SourceStatus::kRunning && link_->hung(nanoseconds(info[2]))) status_ = kTimedOut;
    return env.Null();
  }
  const size_t head = found.size() * 16;
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, head + bytes);
  auto* to = static_cast<uint8_t*>(buffer.Data());
  size_t at = head;
  for (size_t i = 0; i < found.size(); i++) {
    const Entry& entry = found[i].first;
    const uint32_t place[2] = {static_cast<uint32_t>(at), entry.size};
    std::memcpy(to + i * 16, &entry.tag, 8);
    std::memcpy(to + i * 16 + 8, place, 8);
    if (entry.size > 0) std::memcpy(to + at, found[i].second, entry.size);
    at += entry.size;
  }
  link_->events().free();
  link_->channel()->to_plugin.ring();
  return buffer;
}

/** nextMail(): u32 kind, u32 0, u64 tag, and the message; null where there is none. */
Napi::Value LinkClass::next_mail(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env) || link_->mail().empty()) return env.Null();
  Napi::Value message = env.Null();
  const bool good = link_->mail().read([&](const Entry& entry, const uint8_t* data) {
    if (!message.IsNull()) return false;
    Napi::Uint8Array copy = Napi::Uint8Array::New(env, sizeof entry + entry.size);
    const uint32_t head[2] = {entry.kind, 0};
    std::memcpy(copy.Data(), head, 8);
    std::memcpy(copy.Data() + 8, &entry.tag, 8);
    std::memcpy(copy.Data() + 16, data, entry.size);
    message = copy;
    return true;
  });
  if (!good) {
    link_->corrupt();
    status_ = kCorrupt;
    return env.Null();
  }
  link_->mail().free();
  return message;
}

/**
 * onQuestion(answer): `answer(question, event, key)` is called, within calls of this link, for each question of the plugin's
 * side, and gives the bytes of the answer, or null.
 */
void LinkClass::on_question(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env) || !info[0].IsFunction()) return;
  answer_ = Napi::Persistent(info[0].As<Napi::Function>());
  link_->set_answer([this, env](uint32_t question, uint64_t event, int64_t key, uint8_t* to, size_t most) -> size_t {
    Napi::HandleScope scope(env);
    const Napi::Value given = answer_.Call({Napi::Number::New(env, question), Napi::Number::New(env, static_cast<double>(event)),
                                            Napi::Number::New(env, static_cast<double>(key))});
    if (env.IsExceptionPending()) {
      // The question goes without an answer; what went wrong is not the plugin's business.
      env.GetAndClearPendingException();
      return 0;
    }
    if (!given.IsTypedArray()) return 0;
    const Elements<uint8_t> bytes = elements_of<uint8_t>(given, napi_uint8_array);
    if (env.IsExceptionPending() || bytes.count > most) {
      env.GetAndClearPendingException();
      return 0;
    }
    if (bytes.count > 0) std::memcpy(to, bytes.data, bytes.count);
    return bytes.count;
  });
}

void LinkClass::close(const Napi::CallbackInfo&) {
  if (link_ != nullptr) link_->close();
}

Napi::Value LinkClass::status(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), status_); }

Napi::Value LinkClass::source(const Napi::CallbackInfo& info) {
  if (!is_open(info.Env())) return Napi::Number::New(info.Env(), 0);
  return Napi::Number::New(info.Env(), static_cast<uint32_t>(link_->source()));
}

/** Events and messages that the plugin's side could not pass on. */
Napi::Value LinkClass::lost(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array pair = Napi::Array::New(env, 2);
  const bool open = link_ != nullptr && link_->channel() != nullptr;
  const uint64_t events = open ? link_->channel()->events_lost.load(std::memory_order_relaxed) : 0;
  const uint64_t mail = open ? link_->channel()->mail_lost.load(std::memory_order_relaxed) : 0;
  pair.Set(0u, Napi::Number::New(env, static_cast<double>(events)));
  pair.Set(1u, Napi::Number::New(env, static_cast<double>(mail)));
  return pair;
}

/** The wait status of the process that ended; -1 where that is not known, or it lives. */
Napi::Value LinkClass::death(const Napi::CallbackInfo& info) {
  const bool known = link_ != nullptr && link_->gone();
  return Napi::Number::New(info.Env(), known ? link_->death().status : -1);
}

Napi::Value LinkClass::error(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), link_ == nullptr ? "" : link_->error());
}

}  // namespace peregrine::plugin
