// SPDX-License-Identifier: Apache-2.0
#include "reader_class.h"

#include "addon_data.h"
#include "interner_class.h"
#include "js.h"
#include "plan_input.h"
#include "recent_class.h"
#include "section_object.h"
#include "writer_class.h"

namespace peregrine {

namespace {

/** Numbers of the layout, in the order in which src/capture/scap.ts gives them. */
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
  kNumbers
};

}  // namespace

Napi::Function ReaderClass::define(Napi::Env env) {
  return DefineClass(env, "CaptureReader",
                     {
                         InstanceMethod("open", &ReaderClass::open),
                         InstanceMethod("header", &ReaderClass::header),
                         InstanceMethod("fill", &ReaderClass::fill),
                         InstanceMethod("keep", &ReaderClass::keep),
                         InstanceMethod("setPlan", &ReaderClass::set_plan),
                         InstanceMethod("close", &ReaderClass::close),
                         InstanceMethod("unknownTypes", &ReaderClass::unknown_types),
                         InstanceAccessor<&ReaderClass::failure>("failure"),
                         InstanceAccessor<&ReaderClass::counters>("counters"),
                         InstanceAccessor<&ReaderClass::generation, &ReaderClass::set_generation>("generation"),
                     });
}

ReaderClass::ReaderClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ReaderClass>(info) {
  const Napi::Env env = info.Env();
  const AddonData* data = env.GetInstanceData<AddonData>();
  if (info.Length() < 4 || !info[0].IsObject() ||
      !info[0].As<Napi::Object>().InstanceOf(data->interner.Value())) {
    Napi::TypeError::New(env, "CaptureReader: an interner is expected").ThrowAsJavaScriptException();
    return;
  }
  Interner* interner = InternerClass::Unwrap(info[0].As<Napi::Object>())->interner();
  const Elements<uint8_t> ring = elements_of<uint8_t>(info[1], napi_uint8_array);
  if (env.IsExceptionPending()) return;
  const Elements<double> layout = elements_of<double>(info[2], napi_float64_array);
  if (env.IsExceptionPending()) return;
  const Elements<int32_t> plan = elements_of<int32_t>(info[3], napi_int32_array);
  if (env.IsExceptionPending()) return;
  if (interner == nullptr || layout.count != static_cast<uint32_t>(Layout::kNumbers) || plan.count < kEventTypes * kPlanWords) {
    Napi::RangeError::New(env, "CaptureReader: layout or plan is too short").ThrowAsJavaScriptException();
    return;
  }
  const auto number = [&](Layout which) { return static_cast<uint64_t>(layout.data[static_cast<uint32_t>(which)]); };
  const RingMemory memory{ring.data,
                          static_cast<uint32_t>(number(Layout::kSlots)),
                          static_cast<uint32_t>(number(Layout::kEvents)),
                          number(Layout::kSlotBytes),
                          static_cast<uint32_t>(number(Layout::kRecordsWord)),
                          number(Layout::kHeapByte),
                          number(Layout::kRecordBytes),
                          number(Layout::kHeapBytes),
                          static_cast<uint32_t>(number(Layout::kStrings)),
                          number(Layout::kStringBytes),
                          static_cast<uint32_t>(number(Layout::kAnnexWords))};
  const bool is_consistent = memory.slots > 0 && memory.slots * memory.slot_bytes <= ring.count &&
                             memory.records_word * 4ull + memory.record_bytes <= memory.heap_byte &&
                             memory.heap_byte + memory.heap_bytes <= memory.slot_bytes;
  if (!is_consistent || memory.events == 0 || memory.strings == 0 || memory.string_bytes == 0 || memory.record_bytes < (kLargestRecord + number(Layout::kAnnexWords)) * 4 || memory.annex_words % 2 != 0) {
    Napi::RangeError::New(env, "CaptureReader: the ring does not have this layout, or no room for the largest record")
        .ThrowAsJavaScriptException();
    return;
  }
  slots_ = memory.slots;
  most_annex_words_ = static_cast<uint32_t>(memory.record_bytes / 4 - kLargestRecord);
  reader_ = std::make_unique<Reader>(*interner, memory, plan.data);
  counters_ = Napi::Persistent(Napi::Float64Array::New(env, kReaderCounters));
  interner_ = Napi::Persistent(info[0].As<Napi::Object>());
  ring_ = Napi::Persistent(info[1].As<Napi::Object>());
}

Napi::Value ReaderClass::open(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) {
    Napi::TypeError::New(info.Env(), "CaptureReader.open: a path is expected").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  return Napi::Boolean::New(info.Env(), reader_->open(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Value ReaderClass::header(const Napi::CallbackInfo& info) {
  SectionHeader header;
  const bool good = reader_->read_section(header);
  reader_->report(counters_.Value().Data());
  return good ? Napi::Value(section_object(info.Env(), header)) : info.Env().Null();
}

Napi::Value ReaderClass::fill(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (napi_get_value_uint32(info.Env(), info[0], &slot) != napi_ok || slot >= slots_) {
    Napi::RangeError::New(info.Env(), "CaptureReader.fill: the ring has no such slot").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const FillResult result = reader_->fill(slot, generation_);
  reader_->report(counters_.Value().Data());
  return Napi::Number::New(info.Env(), static_cast<uint32_t>(result));
}

/** keep(recent events) */
void ReaderClass::keep(const Napi::CallbackInfo& info) {
  RecentEvents* recent = recent_of(info[0]);
  if (recent == nullptr) return;
  recent_ = Napi::Persistent(info[0].As<Napi::Object>());
  reader_->keep(recent);
}

/** setPlan(plan, words of an annex) */
void ReaderClass::set_plan(const Napi::CallbackInfo& info) {
  NewPlan plan;
  if (new_plan(info, most_annex_words_, plan)) reader_->set_plan(plan.rows, plan.annex_words);
}

Napi::Value ReaderClass::failure(const Napi::CallbackInfo& info) { return failure_object(info.Env(), reader_->failure()); }

Napi::Value ReaderClass::counters(const Napi::CallbackInfo&) { return counters_.Value(); }

Napi::Value ReaderClass::unknown_types(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const auto& [type, count] : reader_->unknown_types()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry["type"] = Napi::Number::New(info.Env(), type);
    entry["count"] = Napi::Number::New(info.Env(), static_cast<double>(count));
    list.Set(list.Length(), entry);
  }
  return list;
}

Napi::Value ReaderClass::generation(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), generation_);
}

void ReaderClass::set_generation(const Napi::CallbackInfo&, const Napi::Value& value) {
  napi_get_value_uint32(value.Env(), value, &generation_);
}

void ReaderClass::close(const Napi::CallbackInfo&) { reader_->close(); }

}  // namespace peregrine
