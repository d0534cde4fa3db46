// SPDX-License-Identifier: Apache-2.0
#include "annexes.h"

#include <utility>

#include "tables.h"

namespace peregrine::state {

namespace {

constexpr uint32_t kCosts = annex_part::kFaults | annex_part::kExecTime | annex_part::kCpu;
constexpr int kStreams = 3;

void store(int32_t* annex, int32_t word, uint64_t value) { std::memcpy(annex + word, &value, sizeof value); }

}  // namespace

Annexes::Annexes(AnnexDemand demand)
    : demand_(std::move(demand)),
      has_costs_(demand_.asks(kCosts)),
      costs_(has_costs_ ? static_cast<size_t>(demand_.threads) + 1 : 1) {}

void Annexes::change(AnnexDemand demand) {
  demand_ = std::move(demand);
  const bool has_costs = demand_.asks(kCosts);
  if (has_costs && !has_costs_) costs_ = ZeroArray<Costs>(static_cast<size_t>(demand_.threads) + 1);
  has_costs_ = has_costs;
}

void Annexes::fill(Tables& c, int32_t lead, int32_t* annex) const {
  const int32_t* end = c.record + c.record[record_word::kSize];
  if (end - annex < annex_word::kPairs) return;
  const int32_t owner = c.owner_of(c.t, lead);
  if (demand_.asks(annex_part::kThreads)) {
    const int32_t alive = c.threads.living_threads(c.t);
    const bool leads = lead != 0 && c.threads[lead].is_dead == 0;
    annex[annex_word::kThreads] = alive;
    annex[annex_word::kOthers] = leads && alive > 0 ? alive - 1 : alive;
  }
  if (demand_.asks(annex_part::kFds)) annex[annex_word::kFds] = c.fds.open(owner);
  if (demand_.asks(annex_part::kKinds)) {
    uint32_t kinds = 0;
    c.fds.each(owner, [&](int32_t, int32_t row) { kinds |= uint32_t{1} << (c.fd_pool.row(row)[fd_word::kKind] & 31); });
    annex[annex_word::kKinds] = static_cast<int32_t>(kinds);
  }
  if (demand_.asks(annex_part::kStreams)) {
    for (int32_t fd = 0; fd < kStreams; fd++) annex[annex_word::kStreams + fd] = c.fds.get(owner, fd);
  }
  if (has_costs_) {
    const Costs& costs = costs_[static_cast<size_t>(c.t)];
    store(annex, annex_word::kPfMajor, costs.pf_major);
    store(annex, annex_word::kPfMinor, costs.pf_minor);
    store(annex, annex_word::kTotalExecTime, costs.exec_time);
  }
  int32_t* pair = annex + annex_word::kPairs;
  for (const int32_t fd : demand_.fds) {
    if (end - pair < 2) return;
    *pair++ = fd;
    *pair++ = c.fds.get(owner, fd);
  }
}

uint64_t Annexes::switched(uint32_t cpu, uint64_t time) {
  if (cpu >= switches_.size()) switches_.resize(cpu + 1);
  const uint64_t before = std::exchange(switches_[cpu], time);
  return before == 0 || time < before ? 0 : time - before;
}

}  // namespace peregrine::state
