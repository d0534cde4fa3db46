// SPDX-License-Identifier: Apache-2.0
#include "legacy.h"

namespace peregrine {

namespace {

constexpr char kNull[] = "(NULL)";
constexpr char kContainerName[] = "container";  // name of the async event that tells of one

bool is_generic(uint16_t type) { return type == kGenericEnter || type == kGenericExit; }

/** Tools of then look the code up in a table of that length. */
bool knows_syscall(const EventParams& params) {
  return params.count > 0 && params.param[0].size >= 2 && load<uint16_t>(params.param[0].data) < kLegacySyscalls;
}

}  // namespace

bool LegacyEvents::fits(uint16_t type, uint32_t nparams, const EventParams& params) {
  if (type >= kLegacyTypes || kLegacyCounts[type] == kNoLegacyEvent || nparams > kLegacyCounts[type]) return false;
  return !is_generic(type) || knows_syscall(params);
}

bool LegacyEvents::convert(uint16_t type, const EventParams& params) {
  used_ = 0;
  enter_.type = kNoLegacyType;
  if (type == event_type::kAsynceventE) return container(params);
  const LegacyEvent& legacy = kLegacyEvents[type];
  if (legacy.exit == kNoLegacyType) {
    if ((type & 1) == 0) return false;
    generic(legacy.syscall, legacy.native);
    return true;
  }
  if (type == kGenericExit && !knows_syscall(params)) {
    generic(0, params.count > 1 && params.param[1].size >= 2 ? load<uint16_t>(params.param[1].data) : 0);
    return true;
  }
  fill(exit_, legacy.exit, legacy.exit_params, legacy.exit_first, params);
  if (legacy.enter == kNoLegacyType) return true;
  // The child of a clone begins its life with the exit.
  if (legacy.returns_twice && params.count > 0 && params.param[0].size == 8 && load<uint64_t>(params.param[0].data) == 0) {
    return true;
  }
  fill(enter_, legacy.enter, legacy.enter_params, legacy.enter_first, params);
  return true;
}

void LegacyEvents::fill(Event& event, uint16_t type, uint32_t count, uint32_t first, const EventParams& from) {
  event.type = type;
  event.params.count = count;
  for (uint32_t i = 0; i < count; i++) event.params.param[i] = value(kLegacyParams[first + i], from);
}

Span LegacyEvents::value(const LegacyParam& param, const EventParams& from) {
  Span bytes;
  if (param.source >= 0 && static_cast<uint32_t>(param.source) < from.count) bytes = from.param[param.source];
  if (bytes.size > 0 && (!param.is_fixed || bytes.size == param.width)) return bytes;
  if (param.fill == LegacyFill::kNothing) return {};
  if (param.fill == LegacyFill::kNull) return {reinterpret_cast<const uint8_t*>(kNull), sizeof kNull};
  uint8_t* to = values_[used_++];
  const bool is_absent = bytes.size == 0;
  std::memset(to, is_absent && param.fill == LegacyFill::kOnes ? 0xff : 0, param.width);
  if (!is_absent) std::memcpy(to, bytes.data, bytes.size < param.width ? bytes.size : param.width);
  return {to, param.width};
}

/** A system call that had no event of its own. */
void LegacyEvents::generic(uint16_t code, uint16_t native) {
  uint8_t* to = values_[used_++];
  std::memcpy(to, &code, sizeof code);
  std::memcpy(to + sizeof code, &native, sizeof native);
  exit_.type = kGenericExit;
  exit_.params.count = 1;
  exit_.params.param[0] = {to, sizeof code};
  enter_.type = kGenericEnter;
  enter_.params.count = 2;
  enter_.params.param[0] = {to, sizeof code};
  enter_.params.param[1] = {to + sizeof code, sizeof native};
}

/** What a plugin tells of a container was told by an event of its own. */
bool LegacyEvents::container(const EventParams& params) {
  if (params.count < 3) return false;
  const Span name = until_nul(params.param[1]);
  if (name.size != sizeof kContainerName - 1 || std::memcmp(name.data, kContainerName, name.size) != 0) return false;
  exit_.type = event_type::kContainerJson_2E;
  exit_.params.count = 1;
  exit_.params.param[0] = params.param[2];
  return true;
}

}  // namespace peregrine
