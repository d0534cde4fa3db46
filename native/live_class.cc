// SPDX-License-Identifier: Apache-2.0
#include "live_class.h"

#include "addon_data.h"
#include "interner_class.h"
#include "js.h"
#include "plan_input.h"
#include "recent_class.h"
#include "section_object.h"

namespace peregrine {

namespace {

/** Numbers of the ring's layout and of the options, in the order in which src/capture/live.ts gives them. */
enum class Layout : uint32_t {
  kSlots,
  kEvents,
  kSlotBytes,
  kRecordsWord,
  kHeapByte,
  kRecordBytes,
  kHeapBytes,
  kStrings,
  kStringBytes,
  kAnnexWords,
  kKernelBytes,
  kSnaplen,
  kLowLatency,
  kPlain,
  kDropFailed,
  kNoIterators,
  kNumbers
};

}  // namespace

Napi::Function LiveClass::define(Napi::Env env) {
  return DefineClass(env, "LiveReader",
                     {
                         InstanceMethod("open", &LiveClass::open),
                         InstanceMethod("snapshot", &LiveClass::snapshot),
                         InstanceMethod("fill", &LiveClass::fill),
                         InstanceMethod("record", &LiveClass::record),
                         InstanceAccessor<&LiveClass::recorded>("recorded"),
                         InstanceAccessor<&LiveClass::container>("container"),
                         InstanceMethod("tell", &LiveClass::tell),
                         InstanceMethod("simulateDrop", &LiveClass::simulate_drop),
                         InstanceMethod("add", &LiveClass::add),
                         InstanceMethod("keep", &LiveClass::keep),
                         InstanceMethod("setPlan", &LiveClass::set_plan),
                         InstanceMethod("setInterest", &LiveClass::set_interest),
                         InstanceMethod("close", &LiveClass::close),
                         InstanceAccessor<&LiveClass::failure>("failure"),
                         InstanceAccessor<&LiveClass::counters>("counters"),
                         InstanceAccessor<&LiveClass::drops>("drops"),
                         InstanceAccessor<&LiveClass::generation, &LiveClass::set_generation>("generation"),
                     });
}

LiveClass::LiveClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LiveClass>(info) {
  const Napi::Env env = info.Env();
  const AddonData* data = env.GetInstanceData<AddonData>();
  if (info.Length() < 4 || !info[0].IsObject() || !info[0].As<Napi::Object>().InstanceOf(data->interner.Value())) {
    Napi::TypeError::New(env, "LiveReader: an interner is expected").ThrowAsJavaScriptException();
    return;
  }
  Interner* interner = InternerClass::Unwrap(info[0].As<Napi::Object>())->interner();
  const Elements<uint8_t> ring = elements_of<uint8_t>(info[1], napi_uint8_array);
  if (env.IsExceptionPending()) return;
  const Elements<double> layout = elements_of<double>(info[2], napi_float64_array);
  if (env.IsExceptionPending()) return;
  const Elements<int32_t> plan = elements_of<int32_t>(info[3], napi_int32_array);
  if (env.IsExceptionPending()) return;
  if (interner == nullptr || layout.count != static_cast<uint32_t>(Layout::kNumbers) ||
      plan.count < kEventTypes * kPlanWords) {
    Napi::RangeError::New(env, "LiveReader: layout or plan is too short").ThrowAsJavaScriptException();
    return;
  }
  const auto number = [&](Layout which) { return static_cast<uint64_t>(layout.data[static_cast<uint32_t>(which)]); };
  const auto small = [&](Layout which) { return static_cast<uint32_t>(number(which)); };
  const RingMemory memory{ring.data,
                          small(Layout::kSlots),
                          small(Layout::kEvents),
                          number(Layout::kSlotBytes),
                          small(Layout::kRecordsWord),
                          number(Layout::kHeapByte),
                          number(Layout::kRecordBytes),
                          number(Layout::kHeapBytes),
                          small(Layout::kStrings),
                          number(Layout::kStringBytes),
                          small(Layout::kAnnexWords)};
  const bool is_consistent = memory.slots > 0 && memory.slots * memory.slot_bytes <= ring.count &&
                             memory.records_word * 4ull + memory.record_bytes <= memory.heap_byte &&
                             memory.heap_byte + memory.heap_bytes <= memory.slot_bytes;
  if (!is_consistent || memory.events == 0 || memory.strings == 0 || memory.string_bytes == 0 ||
      memory.record_bytes < (kLargestRecord + memory.annex_words) * 4ull || memory.annex_words % 2 != 0) {
    Napi::RangeError::New(env, "LiveReader: the ring does not have this layout, or no room for the largest record")
        .ThrowAsJavaScriptException();
    return;
  }
  slots_ = memory.slots;
  const LiveOptions options{small(Layout::kKernelBytes), small(Layout::kSnaplen), number(Layout::kLowLatency) != 0,
                            number(Layout::kPlain) != 0, number(Layout::kDropFailed) != 0,
                            number(Layout::kNoIterators) != 0};
  most_annex_words_ = static_cast<uint32_t>(memory.record_bytes / 4 - kLargestRecord);
  reader_ = std::make_unique<LiveReader>(*interner, memory, plan.data, options);
  counters_ = Napi::Persistent(Napi::Float64Array::New(env, kLiveCounters));
  drops_ = Napi::Persistent(Napi::Float64Array::New(env, int{LIVE_CLASSES} * int{LIVE_CAUSES}));
  interner_ = Napi::Persistent(info[0].As<Napi::Object>());
  ring_ = Napi::Persistent(info[1].As<Napi::Object>());
}

Napi::Value LiveClass::open(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), reader_->open()); }

Napi::Value LiveClass::snapshot(const Napi::CallbackInfo& info) {
  SectionHeader header;
  const bool is_good = reader_->snapshot(header);
  reader_->report(counters_.Value().Data());
  return is_good ? Napi::Value(section_object(info.Env(), header)) : info.Env().Null();
}

Napi::Value LiveClass::fill(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (napi_get_value_uint32(info.Env(), info[0], &slot) != napi_ok || slot >= slots_) {
    Napi::RangeError::New(info.Env(), "LiveReader.fill: the ring has no such slot").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const bool reads_anew = reader_->fill(slot, generation_);
  reader_->report(counters_.Value().Data());
  return Napi::Boolean::New(info.Env(), reads_anew);
}

/** keep(recent events) */
void LiveClass::keep(const Napi::CallbackInfo& info) {
  RecentEvents* recent = recent_of(info[0]);
  if (recent == nullptr) return;
  recent_ = Napi::Persistent(info[0].As<Napi::Object>());
  reader_->keep(recent);
}

/** setPlan(plan, words of an annex) */
void LiveClass::set_plan(const Napi::CallbackInfo& info) {
  NewPlan plan;
  if (new_plan(info, most_annex_words_, plan)) reader_->set_plan(plan.rows, plan.annex_words);
}

/** setInterest(by number of the call, by event type) */
void LiveClass::set_interest(const Napi::CallbackInfo& info) {
  const Elements<uint8_t> calls = elements_of<uint8_t>(info[0], napi_uint8_array);
  if (info.Env().IsExceptionPending()) return;
  const Elements<uint8_t> events = elements_of<uint8_t>(info[1], napi_uint8_array);
  if (info.Env().IsExceptionPending()) return;
  if (calls.count != LIVE_SYSCALLS || events.count != kEventTypes) {
    Napi::RangeError::New(info.Env(), "LiveReader.setInterest: a byte for each call and event is expected")
        .ThrowAsJavaScriptException();
    return;
  }
  reader_->set_interest({{calls.data, calls.data + calls.count}, {events.data, events.data + events.count}});
}

/** record(path, gzip level, most bytes, most ns) */
void LiveClass::record(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t i) { return info[i].IsNumber() ? info[i].As<Napi::Number>().DoubleValue() : 0; };
  if (!info[0].IsString()) {
    Napi::TypeError::New(info.Env(), "LiveReader.record: a path is expected").ThrowAsJavaScriptException();
    return;
  }
  WriteOptions options;
  options.gzip_level = static_cast<int>(number(1));
  options.most_bytes = static_cast<uint64_t>(number(2));
  options.most_ns = static_cast<uint64_t>(number(3));
  reader_->record(info[0].As<Napi::String>().Utf8Value(), options);
}

Napi::Value LiveClass::recorded(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), reader_->is_recorded());
}

/** The id of a container that is to be told of, and its control groups, all NUL separated; null where there is none. */
Napi::Value LiveClass::container(const Napi::CallbackInfo& info) {
  const LiveContainers::Asked* asked = reader_->containers().asked();
  if (asked == nullptr) return info.Env().Null();
  return Napi::String::New(info.Env(), asked->id + '\0' + asked->cgroups);
}

/** tell(json): what is known of it; "" where nothing is. */
void LiveClass::tell(const Napi::CallbackInfo& info) {
  reader_->containers().tell(info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string());
}

void LiveClass::simulate_drop(const Napi::CallbackInfo&) { reader_->losses().simulate(); }

Napi::Value LiveClass::failure(const Napi::CallbackInfo& info) {
  const Failure& failure = reader_->failure();
  if (!failure) return info.Env().Null();
  Napi::Object object = Napi::Object::New(info.Env());
  object["code"] = Napi::String::New(info.Env(), failure.code);
  object["message"] = Napi::String::New(info.Env(), failure.message);
  object["offset"] = Napi::Number::New(info.Env(), static_cast<double>(failure.offset));
  return object;
}

Napi::Value LiveClass::counters(const Napi::CallbackInfo&) { return counters_.Value(); }

Napi::Value LiveClass::drops(const Napi::CallbackInfo&) {
  reader_->losses().report(drops_.Value().Data());
  return drops_.Value();
}

Napi::Value LiveClass::generation(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), generation_); }

void LiveClass::set_generation(const Napi::CallbackInfo&, const Napi::Value& value) {
  napi_get_value_uint32(value.Env(), value, &generation_);
}

/** add(event): the next one comes from elsewhere. */
void LiveClass::add(const Napi::CallbackInfo& info) {
  const Elements<uint8_t> event = elements_of<uint8_t>(info[0], napi_uint8_array);
  if (info.Env().IsExceptionPending() || reader_->add({event.data, event.count})) return;
  Napi::RangeError::New(info.Env(), "LiveReader.add: a whole event is expected").ThrowAsJavaScriptException();
}

void LiveClass::close(const Napi::CallbackInfo&) {
  reader_->close();
  reader_->report(counters_.Value().Data());
}

}  // namespace peregrine
