// SPDX-License-Identifier: Apache-2.0
#include "converter.h"

#include <cstdio>

namespace peregrine {

namespace {

/** The longest chain in the table has 16 steps; a longer one would be a loop. */
constexpr int kMaxSteps = 50;

constexpr uint8_t kZeros[16] = {};
constexpr uint8_t kOnes[4] = {0xff, 0xff, 0xff, 0xff};

const Conversion* find_conversion(uint16_t type, uint32_t nparams) {
  const EventInfo& info = kEvents[type];
  for (uint32_t i = 0; i < info.conversions; i++) {
    const Conversion& conversion = kConversions[info.first_conversion + i];
    if (conversion.nparams == nparams) return &conversion;
  }
  return nullptr;
}

Span default_of(const ParamInfo& target) {
  return target.is_id ? Span{kOnes, sizeof kOnes} : Span{kZeros, target.width};
}

void append_json(std::string& json, const char* key, Span text) {
  json += json.back() == '{' ? "\"" : ",\"";
  json += key;
  json += "\":\"";
  text = until_nul(text);
  for (size_t i = 0; i < text.size; i++) {
    const uint8_t byte = text.data[i];
    if (byte == '"' || byte == '\\') {
      json += '\\';
      json += static_cast<char>(byte);
    } else if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      json += escape;
    } else {
      json += static_cast<char>(byte);
    }
  }
  json += '"';
}

}  // namespace

/** The oldest container event has four parameters; today's has one, an object below the key "container". */
void Converter::container_as_json(uint16_t& type, EventParams& params) {
  const auto param = [&](uint32_t i) { return i < params.count ? params.param[i] : Span{}; };
  json_ = "{\"container\":{";
  append_json(json_, "id", param(0));
  json_ += ",\"type\":";
  json_ += std::to_string(param(1).size >= 4 ? load<uint32_t>(param(1).data) : 0);
  append_json(json_, "name", param(2));
  append_json(json_, "image", param(3));
  json_ += "}}";
  type = event_type::kContainerJson_2E;
  params.count = 1;
  params.param[0] = {reinterpret_cast<const uint8_t*>(json_.c_str()), json_.size() + 1};
  params.present = 1;
}

Span Converter::source(uint64_t tid, uint16_t type, const ConversionStep& step, const ParamInfo& target,
                       const EventParams& old) {
  Span bytes;
  switch (step.from) {
    case StepSource::kOld:
      if (step.source < old.count) bytes = old.param[step.source];
      break;
    case StepSource::kEnter: {
      // An enter event of another kind, or one that lacks the parameter, counts as lost.
      StoredEnter* enter = enters_.find(tid);
      if (enter == nullptr || enter->type != type - 1 || step.source >= enter->count) {
        return step.else_empty ? Span{} : default_of(target);
      }
      taken_ = enter;
      bytes = enter->param(step.source);
      break;
    }
    case StepSource::kEmpty:
      break;
    case StepSource::kDefault:
      return default_of(target);
  }
  if (target.width != 0 && bytes.size > target.width) bytes.size = target.width;
  return bytes;
}

void Converter::apply(uint64_t tid, uint16_t& type, EventParams& params, const Conversion& conversion) {
  const bool is_new = conversion.action == ConversionAction::kChangeType;
  const EventInfo& target = kEvents[conversion.to_type];
  const uint32_t base = is_new ? 0 : params.count;
  EventParams next;
  EventParams& to = is_new ? next : params;
  for (uint32_t i = 0; i < conversion.steps && base + i < target.nparams; i++) {
    const ConversionStep& step = kConversionSteps[conversion.first_step + i];
    to.param[base + i] = source(tid, type, step, kParams[target.first_param + base + i], params);
    to.count = base + i + 1;
  }
  if (is_new) {
    for (uint32_t i = 0; i < next.count; i++) params.param[i] = next.param[i];
    params.count = next.count;
  }
  params.present = 0;
  for (uint32_t i = 0; i < params.count; i++) params.present |= static_cast<uint32_t>(params.param[i].size != 0) << i;
  type = conversion.to_type;
}

Converted Converter::convert(uint64_t tid, uint16_t& type, EventParams& params) {
  taken_ = nullptr;
  for (int step = 0; step < kMaxSteps; step++) {
    const EventInfo& info = kEvents[type];
    if ((info.flags & kFlagUnused) != 0) return Converted::kMerged;
    const bool is_enter = (type & 1) == 0;
    if ((info.flags & kFlagConverterManaged) == 0) {
      if ((info.flags & kFlagOldVersion) == 0) return Converted::kPassed;
      return is_enter ? Converted::kMerged : Converted::kUnknown;
    }
    if (type == event_type::kContainerE) {
      container_as_json(type, params);
      return Converted::kPassed;
    }
    const bool is_old = (info.flags & kFlagOldVersion) != 0;
    if (!is_enter && !is_old && params.count >= info.nparams) return Converted::kPassed;
    const Conversion* conversion = find_conversion(type, params.count);
    if (conversion == nullptr) {
      // Parameters are only ever appended: an event of a current type with fewer of them is still what it is.
      if (!is_old) return Converted::kPassed;
      return (info.marks & kEnter) != 0 ? Converted::kMerged : Converted::kUnknown;
    }
    switch (conversion->action) {
      case ConversionAction::kStore:
        enters_.put(tid, type, params);
        return Converted::kMerged;
      case ConversionAction::kStoreAndPass:
        enters_.put(tid, type, params);
        return Converted::kPassed;
      case ConversionAction::kPass:
        return Converted::kPassed;
      case ConversionAction::kAddParams:
      case ConversionAction::kChangeType:
        apply(tid, type, params, *conversion);
    }
  }
  return Converted::kUnknown;
}

}  // namespace peregrine
