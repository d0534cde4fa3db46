// SPDX-License-Identifier: Apache-2.0
#include "process_versions.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace peregrine::state {

namespace {

/** Jump targets as in a skew-binary list: how far back the row at `depth` jumps. */
int32_t jump_span(int32_t depth) {
  for (int32_t d = depth;;) {
    const int32_t full = (1 << (31 - std::countl_zero(static_cast<uint32_t>(d + 1)))) - 1;
    if (d == full) return full;
    d -= full;
  }
}

void store(int32_t* at, double value) { std::memcpy(at, &value, sizeof value); }

}  // namespace

int32_t ProcessVersions::create(int32_t slot) {
  if (slot <= 0 || slot >= kHeadSlots) return 0;
  const int32_t old = heads_[slot];
  // A tombstone of the same event: the thread was replaced, not gone. It is queued already.
  if (old != 0 && from(old) == now && now != 0) {
    row(old)[row_word::kTid] = slot;
    return old;
  }
  const int32_t fresh = append(slot, old);
  if (fresh == 0) return 0;
  blank(fresh);
  row(fresh)[row_word::kTid] = slot;
  publish(heads_[slot], fresh);
  return fresh;
}

int32_t ProcessVersions::change(int32_t row) {
  if (from(row) == now) return row;
  const int32_t slot = slot_of(row);
  const int32_t fresh = append(slot, row);
  if (fresh == 0) {
    exhausted_++;
    return row;
  }
  constexpr size_t kBytes = (kRowWords - row_word::kTid) * sizeof(int32_t);
  std::memcpy(this->row(fresh) + row_word::kTid, this->row(row) + row_word::kTid, kBytes);
  publish(heads_[slot], fresh);
  return fresh;
}

void ProcessVersions::end(int32_t row) {
  const int32_t slot = slot_of(row);
  const bool is_new = from(row) == now;
  const int32_t fresh = is_new ? 0 : append(slot, row);
  if (fresh == 0) {
    if (!is_new) exhausted_++;
    blank(row);
    // A row without a predecessor was not queued when it was made.
    if (this->row(row)[row_word::kPrev] == 0) queue_.push(row, now);
    return;
  }
  blank(fresh);
  publish(heads_[slot], fresh);
}

/** Makes a row a tombstone. */
void ProcessVersions::blank(int32_t row) {
  std::memset(this->row(row) + row_word::kTid, 0, (kRowWords - row_word::kTid) * sizeof(int32_t));
}

void ProcessVersions::free(int32_t row) {
  if (poison) std::fill_n(this->row(row), kRowWords, 0x5a5a5a5a);
  pool_.give(row);
}

/** Takes a row and links it in front of `prev`; the caller fills the rest and stores the head. */
int32_t ProcessVersions::append(int32_t slot, int32_t prev) {
  const int32_t fresh = pool_.take();
  if (fresh == 0) return 0;
  int32_t* words = row(fresh);
  store(words + row_word::kFrom, now);
  words[row_word::kPrev] = prev;
  links_[static_cast<size_t>(fresh)].own = slot;
  // With jump 0 and jump_from 0 nobody ever jumps.
  int32_t depth = 0;
  int32_t jump = 0;
  double jumps_to = 0;
  if (prev != 0) {
    const int32_t* before = row(prev);
    jump = prev;
    jumps_to = from(prev);
    // The chain's count starts again where all readers stop: rows behind that may be gone.
    if (jumps_to > settled_) {
      depth = before[row_word::kDepth] + 1;
      if (jump_span(depth) > 1 && jump_from(prev) > settled_) {
        const int32_t middle = before[row_word::kJump];
        jump = row(middle)[row_word::kJump];
        jumps_to = jump_from(middle);
      }
    } else {
      depth = 1;
    }
    queue_.push(fresh, now);
  }
  words[row_word::kJump] = jump;
  store(words + row_word::kJumpFrom, jumps_to);
  words[row_word::kDepth] = depth;
  return fresh;
}

}  // namespace peregrine::state
