// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "event.h"
#include "interner.h"
#include "layout.generated.h"
#include "recipe.h"

namespace peregrine {

/** Offsets of a ring; src/batch/ring.ts has the picture. */
struct RingMemory {
  uint8_t* base;
  uint32_t slots;
  uint32_t events;        // records that a batch may have
  uint64_t slot_bytes;
  uint32_t records_word;  // from the slot's start, in words
  uint64_t heap_byte;     // from the slot's start
  uint64_t record_bytes;
  uint64_t heap_bytes;
  uint32_t strings;       // that a batch may name, and their bytes; the last event may go beyond
  uint64_t string_bytes;
  uint32_t annex_words;   // of each record that has parameters; src/batch/annex.ts
};

/** An event that is about to become a record. */
struct RecordHead {
  uint16_t type;
  uint16_t cpu;
  uint64_t ts;
  uint64_t tid;
  double number;
  int32_t flags;
  uint64_t previous = 0;  // time of the event before it, for its annex
};

/** Writes records and blobs of a batch into its slot; src/batch/record.ts has the picture. */
class RecordWriter {
 public:
  RecordWriter(const RingMemory& ring, Interner& interner) : ring_(ring), interner_(interner) {}

  void start(uint32_t slot);
  /** Words of the annexes of the records that come. Between batches. */
  void set_annex_words(uint32_t words) { ring_.annex_words = words; }

  /**
   * False where the slot has no room for one more record of any type, or the batch names so many strings that the
   * dictionary could be full before anybody has had a chance to sweep it. New strings and known ones count alike, since
   * the state tables make new ones of both, and so that where a batch ends does not depend on what came before it.
   */
  bool has_room() const {
    return records_ < ring_.events && record_ + (kLargestRecord + ring_.annex_words) * 4 <= records_end_ &&
           strings_ < ring_.strings && string_bytes_ < ring_.string_bytes;
  }
  bool fits_blobs(uint64_t bytes) const { return bytes <= static_cast<uint64_t>(heap_end_ - heap_); }

  void write(const RecordHead& head, const EventParams& params, const Recipe& recipe);
  /** A record without parameters. */
  void write_touch(const RecordHead& head, uint32_t nparams);

  uint32_t records() const { return records_; }
  /** The slot's header as words, and as 8-byte floats. */
  uint32_t* header_words() const { return reinterpret_cast<uint32_t*>(slot_); }
  double* header_floats() const { return reinterpret_cast<double*>(slot_); }
  uint32_t end_word() const { return static_cast<uint32_t>((record_ - ring_.base) / 4); }
  uint32_t end_byte() const { return static_cast<uint32_t>(heap_ - ring_.base); }

 private:
  uint32_t* begin(const RecordHead& head, uint32_t words, uint32_t nparams, uint32_t present);
  uint32_t intern(Span bytes) {
    strings_++;
    string_bytes_ += bytes.size;
    return interner_.intern(bytes);
  }
  void write_param(uint32_t* words, const WantedParam& wanted, Span bytes);
  void write_image(uint32_t* annex, const RecordHead& head, const EventParams& params);

  RingMemory ring_;
  Interner& interner_;
  uint8_t* slot_ = nullptr;
  uint8_t* record_ = nullptr;
  uint8_t* records_end_ = nullptr;
  uint8_t* heap_ = nullptr;
  uint8_t* heap_end_ = nullptr;
  uint32_t records_ = 0;
  uint32_t strings_ = 0;  // of the batch, and their bytes
  uint64_t string_bytes_ = 0;
};

}  // namespace peregrine
