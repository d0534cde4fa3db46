// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "../layout.generated.h"
#include "zero_array.h"

namespace peregrine::state {

class Tables;

/** What rules ask of annexes, and of events that change state only for their sake; src/batch/annex.ts. */
struct AnnexDemand {
  uint32_t parts = 0;  // annex_part
  std::vector<int32_t> fds;
  int32_t threads = 0;  // that there can be

  bool asks(uint32_t part) const { return (parts & part) != 0; }
};

/** What a thread cost so far. Kept only where somebody asks. */
struct Costs {
  uint64_t pf_major;
  uint64_t pf_minor;
  uint64_t exec_time;  // ns
  uint64_t cpu_user;   // at the last procinfo event
  uint64_t cpu_system;
};

/** Fills the annexes of records, and keeps what only they show. */
class Annexes {
 public:
  explicit Annexes(AnnexDemand demand);

  /** Something else is asked for. Costs that nobody asked for until now begin at nothing. */
  void change(AnnexDemand demand);

  const AnnexDemand& demand() const { return demand_; }
  /** Writes all but what the reader and the event's handler wrote. For a thread that is known. */
  void fill(Tables& c, int32_t lead, int32_t* annex) const;

  bool has_costs() const { return has_costs_; }
  Costs& costs(int32_t t) { return costs_[static_cast<size_t>(t)]; }
  void forget(int32_t t) {
    if (has_costs_) costs(t) = Costs{};
  }
  /** ns since the switch before on this processor, 0 at its first one. */
  uint64_t switched(uint32_t cpu, uint64_t time);
  /** A section begins: other processors, perhaps. */
  void clear() { switches_.clear(); }

 private:
  AnnexDemand demand_;
  bool has_costs_;
  ZeroArray<Costs> costs_;
  std::vector<uint64_t> switches_;  // by processor, time of its last switch
};

}  // namespace peregrine::state
