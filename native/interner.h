// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bytes.h"
#include "hash.h"
#include "layout.generated.h"

namespace peregrine {

/** The dictionary's shared arrays; src/batch/dictionary.ts has the picture. */
struct DictionaryMemory {
  uint32_t* offsets;
  uint32_t* lengths;
  uint8_t* flags;
  uint8_t* arena;
  uint32_t ids;
  uint64_t arena_bytes;
};

/**
 * The writing side of the dictionary: gives every distinct string one id.
 *
 * The table that finds ids is private. It is an extendible hash table: a directory, indexed by the top bits of the hash,
 * of segments of one page; a full segment splits in two and only the directory doubles. So it grows a page at a time,
 * and no growth copies or touches much at once.
 *
 *   directory [h >> shift] -> segment 256 x { hash, id, offset, length }, open addressing within the page
 *
 * Not thread-safe: the ingest thread alone uses it. Readers see a string through a published batch or row.
 */
class Interner {
 public:
  explicit Interner(const DictionaryMemory& memory);

  /** Id of the bytes, added where new; kAbsent, counted in lost(), when the dictionary is full. */
  uint32_t intern(const uint8_t* data, size_t size) {
    if (size == 0) return kEmpty;
    const uint32_t hash = hasher_.top(data, size);
    const Entry* entries = directory_[hash >> shift_].entries;
    for (uint32_t at = hash & (kSegment - 1);; at = (at + 1) & (kSegment - 1)) {
      const Entry& entry = entries[at];
      if (entry.id == 0) return add(hash, data, size);
      if (entry.hash == hash && entry.length == size && equal(memory_.arena + entry.offset, data, size)) return entry.id;
    }
  }
  uint32_t intern(Span bytes) { return intern(bytes.data, bytes.size); }

  /** Id of the path `name` seen from directory `dir`, normalised. Absent where either id is unknown. */
  uint32_t join(uint32_t dir, uint32_t name);

  /** The bytes of an id; none for an id that is not in use. */
  Span bytes_of(uint32_t id) const;

  /** Frees every id whose mark is 0 and moves the rest of the bytes together. */
  void sweep(const uint8_t* marks, size_t count);

  /** The arrays that it writes. */
  const DictionaryMemory& memory() const { return memory_; }
  uint32_t count() const { return count_; }
  uint64_t bytes() const { return used_; }
  uint64_t lost() const { return lost_; }

 private:
  struct Entry {
    uint32_t hash;
    uint32_t id;  // 0: free
    uint32_t offset;
    uint32_t length;
  };
  struct Place {
    Entry* entries;
    uint32_t segment;
  };
  struct Segment {
    uint16_t fill;
    uint8_t depth;  // bits of the hash that all its entries have in common
  };
  struct Free {
    void operator()(void* chunk) const { std::free(chunk); }
  };
  static constexpr uint32_t kSegment = 256;       // entries: 4 KiB
  static constexpr uint32_t kSegmentLimit = 192;  // then it splits
  static constexpr uint32_t kChunk = 64;          // segments taken from the system at once
  static constexpr unsigned kMaxDepth = 24;       // never reached but by 2^32 strings or a broken hash

  static bool equal(const uint8_t* a, const uint8_t* b, size_t size) {
    if (size > 64) return std::memcmp(a, b, size) == 0;
    if (size > 16) {
      for (size_t at = 0; at + 8 < size; at += 8) {
        if (load<uint64_t>(a + at) != load<uint64_t>(b + at)) return false;
      }
      return load<uint64_t>(a + size - 8) == load<uint64_t>(b + size - 8);
    }
    if (size >= 8) {
      return load<uint64_t>(a) == load<uint64_t>(b) && load<uint64_t>(a + size - 8) == load<uint64_t>(b + size - 8);
    }
    if (size >= 4) {
      return load<uint32_t>(a) == load<uint32_t>(b) && load<uint32_t>(a + size - 4) == load<uint32_t>(b + size - 4);
    }
    return a[0] == b[0] && a[size >> 1] == b[size >> 1] && a[size - 1] == b[size - 1];
  }

  uint32_t add(uint32_t hash, const uint8_t* data, size_t size);
  bool make_room(uint32_t hash);
  void place(const Entry& entry);
  bool split(uint32_t hash);
  Place new_segment(uint8_t depth);
  void reset_table();
  void touch_ahead(uint32_t id, uint64_t end);

  DictionaryMemory memory_;
  Hasher hasher_;
  std::vector<Place> directory_;
  unsigned shift_ = 31;  // 32 - bits that index the directory; at least one bit, since a shift by 32 is undefined
  std::vector<Segment> segments_;
  std::vector<std::unique_ptr<Entry[], Free>> chunks_;
  std::vector<uint32_t> free_ids_;
  uint32_t next_id_ = 2;
  uint32_t count_ = 0;
  uint64_t used_ = 0;       // bytes of strings; the arena is filled up to here
  uint64_t arena_touched_ = 0;
  uint32_t ids_touched_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace peregrine
