// SPDX-License-Identifier: Apache-2.0
#include "lookup.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "../bytes.h"
#include "process_versions.h"

namespace peregrine::state {

namespace {

/** Entries that a chain may have before compacting is tried, if it was not that long after the last time. */
constexpr uint16_t kChainLimit = 64;

/** As lookupBucket in src/batch/lookup.ts. */
size_t bucket(int32_t a, int32_t b) {
  const uint32_t h =
      (static_cast<uint32_t>(a) ^ 0x9e3779b9u) * 0x85ebca6bu ^ static_cast<uint32_t>(b) * 0xc2b2ae35u;
  return (h ^ h >> 15) & (kLookupBuckets - 1);
}

size_t bucket_of(const int32_t* entry) { return bucket(entry[lookup_word::kFirstKey], entry[lookup_word::kSecondKey]); }

void set_from(int32_t* entry, double s) { std::memcpy(entry + lookup_word::kFrom, &s, sizeof s); }

}  // namespace

Lookup::Lookup(const LookupMemory& memory)
    : memory_(memory),
      value_limit_(memory.limit - memory.limit / 16),
      due_(memory.limit - memory.limit / 4),
      lengths_(kLookupBuckets),
      length_limits_(kLookupBuckets, kChainLimit) {}

const int32_t* Lookup::find(int32_t a, int32_t b, double s) const {
  for (int32_t number = memory_.heads[bucket(a, b)]; number != 0;) {
    const int32_t* words = entry(number);
    const double from = load<double>(reinterpret_cast<const uint8_t*>(words + lookup_word::kFrom));
    if (words[lookup_word::kFirstKey] == a && words[lookup_word::kSecondKey] == b && from <= s) {
      return words[lookup_word::kPresent] == 0 ? nullptr : words + lookup_word::kValue;
    }
    number = words[lookup_word::kNext];
  }
  return nullptr;
}

bool Lookup::put(int32_t a, int32_t b, double s, std::initializer_list<int32_t> value) {
  int32_t* words = add(a, b, s, value_limit_);
  if (words == nullptr) return false;
  words[lookup_word::kPresent] = 1;
  std::fill_n(words + lookup_word::kValue, kLookupValues, 0);
  std::copy(value.begin(), value.end(), words + lookup_word::kValue);
  hang(count() + 1);
  return true;
}

bool Lookup::remove(int32_t a, int32_t b, double s) {
  int32_t* words = add(a, b, s, memory_.limit);
  if (words == nullptr) return false;
  words[lookup_word::kPresent] = 0;
  hang(count() + 1);
  return true;
}

/** The next entry with its keys and number filled in; null where `limit` entries are there. */
int32_t* Lookup::add(int32_t a, int32_t b, double s, int32_t limit) {
  const int32_t number = count() + 1;
  if (number > limit) {
    is_wanting_ = true;
    return nullptr;
  }
  int32_t* words = entry(number);
  set_from(words, s);
  words[lookup_word::kFirstKey] = a;
  words[lookup_word::kSecondKey] = b;
  return words;
}

/** Shows an entry that is filled to the readers. */
void Lookup::hang(int32_t number) {
  int32_t* words = entry(number);
  const size_t at = bucket_of(words);
  words[lookup_word::kNext] = memory_.heads[at];
  memory_.entries[0] = number;
  publish(memory_.heads[at], number);
  if (++lengths_[at] > length_limits_[at]) is_wanting_ = true;
}

void Lookup::compact() {
  if (count() == compacted_) return;
  std::unordered_set<uint64_t> seen;
  std::vector<int32_t> kept;
  for (int32_t number = count(); number > 0; number--) {
    const int32_t* words = entry(number);
    const uint64_t first = static_cast<uint32_t>(words[lookup_word::kFirstKey]);
    const bool is_newest = seen.insert(first << 32 | static_cast<uint32_t>(words[lookup_word::kSecondKey])).second;
    if (is_newest && words[lookup_word::kPresent] == 1) kept.push_back(number);
  }
  empty();
  // From the oldest: an entry moves down or stays, and never over one that has not moved yet.
  for (auto from = kept.rbegin(); from != kept.rend(); ++from) {
    const int32_t to = count() + 1;
    if (to != *from) std::memcpy(entry(to), entry(*from), kLookupEntryWords * sizeof(int32_t));
    set_from(entry(to), 0);
    hang(to);
  }
  is_wanting_ = false;
  compacted_ = count();
  due_ = std::max(memory_.limit - memory_.limit / 4, compacted_ + memory_.limit / 32);
  // A chain of many keys stays long: it is looked at again when it has doubled.
  for (size_t at = 0; at < kLookupBuckets; at++) {
    length_limits_[at] = static_cast<uint16_t>(std::max<int>(kChainLimit, 2 * lengths_[at]));
  }
}

void Lookup::empty() {
  memory_.entries[0] = 0;
  std::fill_n(memory_.heads, kLookupBuckets, 0);
  std::fill(lengths_.begin(), lengths_.end(), 0);
  is_wanting_ = false;
}

void Lookup::clear() {
  empty();
  compacted_ = 0;
  due_ = memory_.limit - memory_.limit / 4;
  std::fill(length_limits_.begin(), length_limits_.end(), kChainLimit);
}

void Lookup::mark(uint8_t* marks, std::initializer_list<int32_t> words) const {
  for (int32_t number = 1; number <= count(); number++) {
    const int32_t* at = entry(number);
    marks[at[lookup_word::kFirstKey]] = 1;
    for (const int32_t word : words) marks[at[lookup_word::kValue + word]] = 1;
  }
}

}  // namespace peregrine::state
