// SPDX-License-Identifier: Apache-2.0
#include "live_containers.h"

#include <cstring>

#include "state/container_id.h"

namespace peregrine {

namespace {

template <typename T>
void put(std::vector<uint8_t>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

/** The asynchronous event by which captures tell of containers. */
std::vector<uint8_t> event_of(uint64_t ts, std::string_view json) {
  static constexpr std::string_view kName{"container", sizeof "container"};
  static constexpr uint32_t kParams = 3;
  constexpr uint16_t kType = event_type::kAsynceventE;
  std::vector<uint8_t> out;
  put(out, ts);
  put(out, UINT64_MAX);  // of no thread
  put(out, static_cast<uint32_t>(kEventHeaderV2 + kParams * 4 + 4 + kName.size() + json.size()));
  put(out, kType);
  put(out, kParams);
  put(out, uint32_t{4});
  put(out, static_cast<uint32_t>(kName.size()));
  put(out, static_cast<uint32_t>(json.size()));
  put(out, uint32_t{0});  // of no plugin
  out.insert(out.end(), kName.begin(), kName.end());
  out.insert(out.end(), json.begin(), json.end());
  return out;
}

}  // namespace

void LiveContainers::add(std::string_view cgroups, uint64_t ts, uint16_t cpu) { ask(cgroups, ts, cpu); }

bool LiveContainers::ask(std::string_view cgroups, uint64_t ts, uint16_t cpu) {
  if (!groups_.add(std::hash<std::string_view>{}(cgroups))) return false;
  const std::string id(state::container_id(cgroups));
  if (id == "host") return false;
  if (!known_.add(id)) return false;
  asked_.push_back({id, std::string(cgroups), ts, cpu});
  return true;
}

void LiveContainers::tell(std::string_view json) {
  if (asked_.empty()) return;
  const Asked& asked = asked_.front();
  if (!json.empty()) told_.push_back({event_of(asked.ts, json), asked.cpu});
  asked_.pop_front();
}

}  // namespace peregrine
