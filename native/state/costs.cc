// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rule.h"

namespace peregrine::state {

/*
 * What threads cost the machine: memory, page faults, processor time. These events are frequent and change nothing else, so
 * they are applied only where rules ask for what they tell.
 */

namespace {

namespace type = event_type;

uint64_t wide(const Tables& c, uint16_t word) { return static_cast<uint64_t>(c.wide(word)); }

/** Memory of the thread in kB, as the three parameters from word `at` on say. */
void set_memory(Tables& c, uint16_t at) {
  const int32_t* now = c.extras.row(c.threads.get(c.t, row_word::kExtra)) + extra_word::kVmSize;
  const int32_t* told = c.record + at;
  if (std::equal(told, told + 3, now)) return;
  int32_t* extra = c.writable_extra(c.t);
  if (extra != nullptr) std::copy_n(told, 3, extra + extra_word::kVmSize);
}

template <uint16_t kType>
void memory_changed(Tables& c) {
  static_assert(word_of(kType, 3) == word_of(kType, 1) + 2);
  if (c.t != 0 && c.has(1)) set_memory(c, word_of(kType, 1));
}

constexpr uint16_t kSwitch = type::kSchedswitch_6E;
static_assert(word_of(kSwitch, 5) == word_of(kSwitch, 3) + 2);

/** The thread leaves its processor. */
void switched(Tables& c) {
  Annexes& annexes = c.annexes;
  const uint32_t cpu = static_cast<uint32_t>(c.record[record_word::kType]) >> 16;
  const uint64_t ran = annexes.switched(cpu, static_cast<uint64_t>(c.time()));
  int32_t* annex = c.annex();
  if (annex != nullptr) std::memcpy(annex + annex_word::kExecTime, &ran, sizeof ran);
  if (c.t == 0) return;
  if (annexes.has_costs()) {
    Costs& costs = annexes.costs(c.t);
    costs.exec_time += ran;
    if (c.has(1)) costs.pf_major = wide(c, word_of(kSwitch, 1));
    if (c.has(2)) costs.pf_minor = wide(c, word_of(kSwitch, 2));
  }
  if (c.has(3) && annexes.demand().asks(annex_part::kMemory)) set_memory(c, word_of(kSwitch, 3));
}

constexpr uint16_t kInfo = type::kProcinfoE;

/** Shows what the thread had used at the procinfo event before, and keeps this one's for the next. */
void informed(Tables& c) {
  if (c.t == 0) return;
  Costs& costs = c.annexes.costs(c.t);
  int32_t* annex = c.annex();
  if (annex != nullptr) {
    std::memcpy(annex + annex_word::kCpuUser, &costs.cpu_user, sizeof costs.cpu_user);
    std::memcpy(annex + annex_word::kCpuSystem, &costs.cpu_system, sizeof costs.cpu_system);
  }
  costs.cpu_user = wide(c, word_of(kInfo, 0));
  costs.cpu_system = wide(c, word_of(kInfo, 1));
}

template <uint16_t kType>
constexpr Rule memory() {
  return {kType, memory_changed<kType>, params({1, 2, 3}), {}, annex_part::kMemory};
}

constexpr Rule kRules[] = {
    memory<type::kSyscallBrk_4X>(),
    memory<type::kSyscallMmapX>(),
    memory<type::kSyscallMmap2X>(),
    memory<type::kSyscallMunmapX>(),
    {kSwitch, switched, params({1, 2, 3, 4, 5}), {},
     annex_part::kFaults | annex_part::kExecTime | annex_part::kMemory},
    {kInfo, informed, params({0, 1}), {}, annex_part::kCpu},
};

}  // namespace

Rules cost_rules() { return kRules; }

}  // namespace peregrine::state
