// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "event.h"
#include "event_table.generated.h"

namespace peregrine {

/**
 * What was seen lately, of many things that come and go: once `most` new ones have come, those are forgotten that have not
 * been seen since as many came before. Holds 2 x `most` at the most.
 */
template <typename T>
class Lately {
 public:
  explicit Lately(size_t most) : most_(most) {}

  /** @return whether it is new */
  bool add(const T& value) {
    if (young_.count(value) > 0) return false;
    if (young_.size() >= most_) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert(value);
    return old_.count(value) == 0;
  }

 private:
  size_t most_;
  std::unordered_set<T> young_;
  std::unordered_set<T> old_;
};

/**
 * Which containers have been seen. What an engine knows of one beyond its id is asked for when its first thread is, and
 * told as an event before that one: then the events of its first program already have it.
 *
 *   event of a thread in a new container:  is_new() -> the fill ends before it
 *   outside:                               asked() -> look it up -> tell()
 *   the next fill:                         begins with the event that next() makes, then goes on with the thread's
 */
class LiveContainers {
 public:
  /** A container that somebody outside is asked about. */
  struct Asked {
    std::string id;       // as container.id shows it
    std::string cgroups;  // that it was told from, NUL separated
    uint64_t ts;
    uint16_t cpu;
  };

  /** True where this event is the first of a container's. */
  bool is_new(const RawEvent& raw, const EventParams& params) {
    if (!has_cgroups(raw.type) || params.count <= kCgroups) return false;
    const Span cgroups = params.param[kCgroups];
    return ask({reinterpret_cast<const char*>(cgroups.data), cgroups.size}, raw.ts, raw.cpu);
  }
  /** The same for a thread that was there already. */
  void add(std::string_view cgroups, uint64_t ts, uint16_t cpu);

  /** The container that is to be told of next; null where there is none. */
  const Asked* asked() const { return asked_.empty() ? nullptr : &asked_.front(); }
  /** What is known of it, as JSON; empty: nothing. */
  void tell(std::string_view json);

  /** True where an event is to be read before all others. */
  bool has_next() const { return !told_.empty(); }
  /** That event. Good until told(). */
  Span next() const { return {told_.front().event.data(), told_.front().event.size()}; }
  uint16_t next_cpu() const { return told_.front().cpu; }
  void told() { told_.pop_front(); }

 private:
  /** Of clone and exec. */
  static constexpr uint32_t kCgroups = 14;

  static bool has_cgroups(uint16_t type) {
    namespace is = event_type;
    return type == is::kSyscallClone_20X || type == is::kSyscallFork_20X || type == is::kSyscallVfork_20X ||
           type == is::kSyscallClone3X || type == is::kSyscallExecve_19X || type == is::kSyscallExecveatX;
  }

  struct Told {
    std::vector<uint8_t> event;
    uint16_t cpu;
  };

  bool ask(std::string_view cgroups, uint64_t ts, uint16_t cpu);

  /** More than a machine runs at a time: what is forgotten is asked for again, and told again. */
  static constexpr size_t kMostGroups = 4096;
  static constexpr size_t kMostContainers = 1024;

  Lately<std::string> known_{kMostContainers};  // ids
  Lately<uint64_t> groups_{kMostGroups};        // hashes of control groups that hold nothing new
  std::deque<Asked> asked_;
  std::deque<Told> told_;
};

}  // namespace peregrine
