// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "../layout.generated.h"

namespace peregrine::state {

/** The shared arrays of one look-up table. */
struct LookupMemory {
  int32_t* heads;
  int32_t* entries;
  int32_t limit;  // entries, entry 0 not counted
};

/**
 * The writing side of a look-up table: users, groups or containers by two keys, with the past that events in flight may
 * ask for. src/batch/lookup.ts has the picture and the reading side.
 */
class Lookup {
 public:
  explicit Lookup(const LookupMemory& memory);

  /** The value stored for (a, b) at event `s`, null where there is none. */
  const int32_t* find(int32_t a, int32_t b, double s) const;
  /** Stores a value of up to kLookupValues words that events from `s` on see. False when the table is full. */
  bool put(int32_t a, int32_t b, double s, std::initializer_list<int32_t> value);
  /** Removes the value from event `s` on. False when the table is full. */
  bool remove(int32_t a, int32_t b, double s);

  /** Whether the writer should have no batch in flight soon, and compact. Not where nothing was stored since. */
  bool is_tight() const { return count() > compacted_ && (is_wanting_ || count() >= due_); }
  /** Keeps the newest value of each key, valid from event 0 on, and no removals; only while no batch is in flight. */
  void compact();
  /** Forgets everything; only while no batch is in flight. */
  void clear();

  /** Marks the dictionary ids of all entries: the first key, and these words of the value. */
  void mark(uint8_t* marks, std::initializer_list<int32_t> words) const;

 private:
  int32_t* entry(int32_t number) const { return memory_.entries + static_cast<size_t>(number) * kLookupEntryWords; }
  int32_t count() const { return memory_.entries[0]; }
  int32_t* add(int32_t a, int32_t b, double s, int32_t limit);
  void hang(int32_t number);
  void empty();

  LookupMemory memory_;
  int32_t value_limit_;  // the rest is for removals, so that a table that is full can become emptier
  int32_t compacted_ = 0;  // entries after the last compaction
  int32_t due_ = 0;        // entries at which the next is due
  bool is_wanting_ = false;
  std::vector<uint16_t> lengths_;  // entries of each chain, and how many it may have
  std::vector<uint16_t> length_limits_;
};

}  // namespace peregrine::state
