// SPDX-License-Identifier: Apache-2.0
#include "stage_class.h"

#include <algorithm>
#include <unordered_set>

#include "addon_data.h"
#include "interner_class.h"
#include "js.h"
#include "section_input.h"

namespace peregrine {

namespace {

/** Numbers of the layout, in the order in which src/state/stage.ts gives them. */
enum class Layout : uint32_t { kSlots, kEvents, kSlotBytes, kWantedWord, kRecordsWord, kContainers, kNumbers };

/** Takes the shared arrays out of the object that has them, and keeps them. */
class Views {
 public:
  Views(Napi::Object object, std::vector<Napi::ObjectReference>& held) : object_(object), held_(held) {}

  template <typename T>
  Elements<T> take(const char* name, napi_typedarray_type type) {
    if (object_.Env().IsExceptionPending()) return {};
    const Napi::Value value = object_.Get(name);
    const Elements<T> elements = elements_of<T>(value, type);
    if (elements.data != nullptr) held_.push_back(Napi::Persistent(value.As<Napi::Object>()));
    return elements;
  }

  state::LookupMemory lookup(const char* heads, const char* entries) {
    const Elements<int32_t> head = take<int32_t>(heads, napi_int32_array);
    const Elements<int32_t> entry = take<int32_t>(entries, napi_int32_array);
    is_small_ |= head.count < kLookupBuckets || entry.count < 2 * kLookupEntryWords;
    return {head.data, entry.data, static_cast<int32_t>(entry.count / kLookupEntryWords) - 1};
  }

  /** Rows of `words` words; one at the least. */
  int32_t* rows(const char* name, int32_t words, int32_t& count) {
    const Elements<int32_t> rows = take<int32_t>(name, napi_int32_array);
    count = static_cast<int32_t>(std::min<size_t>(rows.count / static_cast<size_t>(words), INT32_MAX / words));
    is_small_ |= count < 1;
    return rows.data;
  }

  int32_t* heads(const char* name) {
    const Elements<int32_t> heads = take<int32_t>(name, napi_int32_array);
    is_small_ |= heads.count < kHeadSlots;
    return heads.data;
  }

  /** True where an array is missing, with a pending TypeError, or smaller than its kind can be. */
  bool is_small() const { return is_small_; }

 private:
  Napi::Object object_;
  std::vector<Napi::ObjectReference>& held_;
  bool is_small_ = false;
};

/** Parts, then numbers of fds; src/state/stage.ts. */
state::AnnexDemand annex_demand(const Elements<int32_t>& annex, int32_t rows) {
  return {static_cast<uint32_t>(annex.data[0]), {annex.data + 1, annex.data + annex.count}, std::min(rows, kThreadLimit) + 1};
}

}  // namespace

Napi::Function StageClass::define(Napi::Env env) {
  return DefineClass(env, "StateStage",
                     {
                         InstanceMethod("begin", &StageClass::begin),
                         InstanceMethod("setPlan", &StageClass::set_plan),
                         InstanceMethod("apply", &StageClass::apply),
                         InstanceMethod("settle", &StageClass::settle),
                         InstanceMethod("mark", &StageClass::mark),
                         InstanceMethod("collected", &StageClass::collected),
                         InstanceMethod("poison", &StageClass::poison),
                         InstanceMethod("heldFdRows", &StageClass::held_fd_rows),
                         InstanceMethod("fdsOf", &StageClass::fds_of),
                         InstanceAccessor<&StageClass::is_tight>("tight"),
                         InstanceAccessor<&StageClass::counters>("counters"),
                     });
}

StageClass::StageClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<StageClass>(info) {
  const Napi::Env env = info.Env();
  const AddonData* data = env.GetInstanceData<AddonData>();
  if (info.Length() < 5 || !info[0].IsObject() || !info[1].IsObject() ||
      !info[0].As<Napi::Object>().InstanceOf(data->interner.Value())) {
    Napi::TypeError::New(env, "StateStage: an interner and tables are expected").ThrowAsJavaScriptException();
    return;
  }
  Interner* interner = InternerClass::Unwrap(info[0].As<Napi::Object>())->interner();
  Views views(info[1].As<Napi::Object>(), held_);
  state::TableMemory memory{};
  const Elements<uint8_t> ring = views.take<uint8_t>("ring", napi_uint8_array);
  memory.ring = ring.data;
  memory.heads = views.heads("heads");
  memory.rows = views.rows("rows", kRowWords, memory.row_count);
  memory.extras = views.rows("extras", kExtraWords, memory.extra_count);
  memory.fds = views.rows("fds", kFdRowWords, memory.fd_count);
  memory.users = views.lookup("userHeads", "users");
  memory.groups = views.lookup("groupHeads", "groups");
  memory.containers = views.lookup("containerHeads", "containers");
  if (env.IsExceptionPending()) return;
  const Elements<double> layout = elements_of<double>(info[2], napi_float64_array);
  if (env.IsExceptionPending()) return;
  const Elements<int32_t> plan = elements_of<int32_t>(info[3], napi_int32_array);
  if (env.IsExceptionPending()) return;
  const Elements<int32_t> annex = elements_of<int32_t>(info[4], napi_int32_array);
  if (env.IsExceptionPending()) return;
  const auto number = [&](Layout which) { return static_cast<uint64_t>(layout.data[static_cast<uint32_t>(which)]); };
  const bool is_complete = interner != nullptr && !views.is_small() && layout.count == static_cast<uint32_t>(Layout::kNumbers) &&
                           plan.count >= kEventTypes * kPlanWords && annex.count > 0;
  if (!is_complete || number(Layout::kSlots) == 0 || number(Layout::kSlots) * number(Layout::kSlotBytes) > ring.count ||
      (number(Layout::kWantedWord) + number(Layout::kEvents)) > number(Layout::kRecordsWord) ||
      number(Layout::kRecordsWord) * sizeof(int32_t) > number(Layout::kSlotBytes)) {
    Napi::RangeError::New(env, "StateStage: tables, layout or plan are too small").ThrowAsJavaScriptException();
    return;
  }
  slots_ = static_cast<uint32_t>(number(Layout::kSlots));
  strings_ = interner->memory().ids;
  row_count_ = memory.row_count;
  const state::SlotLayout slots{number(Layout::kSlotBytes) / sizeof(int32_t), static_cast<uint32_t>(number(Layout::kWantedWord)),
                                static_cast<uint32_t>(number(Layout::kRecordsWord)), static_cast<uint32_t>(number(Layout::kEvents))};
  stage_ = std::make_unique<state::Stage>(*interner, memory, slots, plan.data, annex_demand(annex, memory.row_count));
  if (number(Layout::kContainers) == 0) stage_->tables.knows_containers = false;
  held_.push_back(Napi::Persistent(info[0].As<Napi::Object>()));
}

void StageClass::begin(const Napi::CallbackInfo& info) {
  const SectionHeader header = section_input(info[0]);
  if (info.Env().IsExceptionPending()) return;
  stage_->begin(header, info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : 0);
}

/** setPlan(plan, annex) */
void StageClass::set_plan(const Napi::CallbackInfo& info) {
  const Elements<int32_t> plan = elements_of<int32_t>(info[0], napi_int32_array);
  if (info.Env().IsExceptionPending()) return;
  const Elements<int32_t> annex = elements_of<int32_t>(info[1], napi_int32_array);
  if (info.Env().IsExceptionPending()) return;
  if (plan.count < kEventTypes * kPlanWords || annex.count == 0) {
    Napi::RangeError::New(info.Env(), "StateStage.setPlan: plan or annex are too short").ThrowAsJavaScriptException();
    return;
  }
  stage_->set_plan(plan.data, annex_demand(annex, row_count_));
}

void StageClass::apply(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (napi_get_value_uint32(info.Env(), info[0], &slot) != napi_ok || slot >= slots_) {
    Napi::RangeError::New(info.Env(), "StateStage.apply: the ring has no such slot").ThrowAsJavaScriptException();
    return;
  }
  stage_->apply(slot);
}

void StageClass::settle(const Napi::CallbackInfo& info) {
  double horizon = 0;
  if (napi_get_value_double(info.Env(), info[0], &horizon) == napi_ok) stage_->settle(horizon);
}

void StageClass::mark(const Napi::CallbackInfo& info) {
  const Elements<uint8_t> marks = elements_of<uint8_t>(info[0], napi_uint8_array);
  if (info.Env().IsExceptionPending()) return;
  if (marks.count < strings_) {
    Napi::RangeError::New(info.Env(), "StateStage.mark: a mark for each string is expected").ThrowAsJavaScriptException();
    return;
  }
  stage_->mark(marks.data);
}

void StageClass::collected(const Napi::CallbackInfo&) { stage_->tables.forget(); }

void StageClass::poison(const Napi::CallbackInfo&) {
  stage_->tables.threads.versions.poison = true;
  stage_->tables.extras.poison = true;
  stage_->tables.fd_pool.poison = true;
}

Napi::Value StageClass::held_fd_rows(const Napi::CallbackInfo& info) {
  state::Tables& tables = stage_->tables;
  std::unordered_set<int32_t> held;
  for (int32_t t = 1; t < tables.threads.end(); t++) {
    tables.fds.each(t, [&](int32_t, int32_t row) { held.insert(row); });
  }
  return Napi::Number::New(info.Env(), static_cast<double>(held.size()));
}

/** fdsOf(tid): pairs of an fd and its row, as the table is now; those of a thread are its process's. */
Napi::Value StageClass::fds_of(const Napi::CallbackInfo& info) {
  state::Tables& tables = stage_->tables;
  std::vector<int32_t> pairs;
  const int64_t tid = info[0].IsNumber() ? info[0].As<Napi::Number>().Int64Value() : -1;
  const int32_t slot = tid < 0 ? -1 : tables.threads.slot(tid);
  const int32_t t = slot <= 0 ? 0 : tables.threads.find(slot);
  if (t != 0) {
    tables.fds.each(tables.owner_of(t, tables.threads.leader(t)), [&](int32_t fd, int32_t row) {
      pairs.push_back(fd);
      pairs.push_back(row);
    });
  }
  Napi::Int32Array array = Napi::Int32Array::New(info.Env(), pairs.size());
  std::copy(pairs.begin(), pairs.end(), array.Data());
  return array;
}

Napi::Value StageClass::is_tight(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), stage_->is_tight());
}

Napi::Value StageClass::counters(const Napi::CallbackInfo& info) {
  const state::Tables& tables = stage_->tables;
  Napi::Object object = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, double value) { object[name] = Napi::Number::New(info.Env(), value); };
  set("threads", tables.threads.count());
  set("fds", static_cast<double>(tables.fds.count()));
  set("rowsUsed", tables.threads.versions.used());
  set("fdRowsUsed", tables.fd_pool.used());
  set("refusedThreads", static_cast<double>(tables.threads.refused()));
  set("refusedFds", static_cast<double>(tables.fds.refused()));
  set("exhaustedRows", static_cast<double>(tables.threads.versions.exhausted() + tables.extras.exhausted()));
  set("idleThreads", static_cast<double>(stage_->idle_threads()));
  set("lostLookups", static_cast<double>(tables.lost_lookups()));
  return object;
}

Napi::Value state_rules(const Napi::CallbackInfo& info) {
  std::vector<int32_t> rows;
  for (const state::Rules& rules : state::all_rules()) {
    for (const state::Rule& rule : rules) {
      rows.insert(rows.end(), {rule.type, static_cast<int32_t>(rule.params), static_cast<int32_t>(rule.when), rule.test.test});
      rows.insert(rows.end(), std::begin(rule.test.operands), std::end(rule.test.operands));
    }
  }
  Napi::Int32Array array = Napi::Int32Array::New(info.Env(), rows.size());
  std::copy(rows.begin(), rows.end(), array.Data());
  return array;
}

}  // namespace peregrine
