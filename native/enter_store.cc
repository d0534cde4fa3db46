// SPDX-License-Identifier: Apache-2.0
#include "enter_store.h"

namespace peregrine {

size_t EnterStore::place(uint64_t tid) const {
  const size_t mask = table_.size() - 1;
  size_t at = static_cast<size_t>((tid * 0x9e3779b97f4a7c15) >> 32) & mask;
  while (table_[at] != 0 && events_[table_[at] - 1].tid != tid) at = (at + 1) & mask;
  return at;
}

void EnterStore::grow() {
  table_.assign(table_.empty() ? 256 : table_.size() * 2, 0);
  for (size_t i = 0; i < events_.size(); i++) table_[place(events_[i].tid)] = static_cast<uint32_t>(i + 1);
}

StoredEnter* EnterStore::find(uint64_t tid) {
  if (table_.empty()) return nullptr;
  const uint32_t index = table_[place(tid)];
  if (index == 0 || events_[index - 1].type == StoredEnter::kNone) return nullptr;
  return &events_[index - 1];
}

void EnterStore::put(uint64_t tid, uint16_t type, const EventParams& params) {
  if (bytes_ > kMaxBytes || events_.size() >= kMaxThreads) clear();
  if (events_.size() * 2 >= table_.size()) grow();
  const size_t at = place(tid);
  if (table_[at] == 0) {
    events_.emplace_back();
    events_.back().tid = tid;
    table_[at] = static_cast<uint32_t>(events_.size());
  }
  StoredEnter& event = events_[table_[at] - 1];
  size_t size = 0;
  for (uint32_t i = 0; i < params.count; i++) {
    event.length[i] = static_cast<uint32_t>(params.param[i].size);
    size += params.param[i].size;
  }
  event.type = type;
  event.count = static_cast<uint8_t>(params.count);
  bytes_ -= event.bytes.capacity();
  event.bytes.resize(size);
  bytes_ += event.bytes.capacity();
  uint8_t* to = event.bytes.data();
  for (uint32_t i = 0; i < params.count; i++) {
    if (params.param[i].size > 0) std::memcpy(to, params.param[i].data, params.param[i].size);
    to += params.param[i].size;
  }
}

void EnterStore::clear() {
  table_.clear();
  events_.clear();
  bytes_ = 0;
}

}  // namespace peregrine
