// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../capture_copy.h"
#include "../reader.h"

namespace peregrine::fuzz {

/** Ends the process where a promise is broken, with the sentence. */
void expect(bool holds, const char* sentence);

/** What of an input's events is wanted, and how large batches are; chosen by a byte. */
struct Mode {
  explicit Mode(uint8_t byte);

  std::vector<int32_t> plan;
  uint32_t events;
  uint64_t heap_bytes;
  uint32_t annex_words;
};

/** What reading a file came to. */
struct ReadOut {
  std::string failure;  // code, empty: none
  uint64_t last_number = 0;
  uint64_t seen = 0;
  uint64_t merged = 0;
  uint64_t unknown = 0;
  uint64_t sections = 0;
};

/** Reads a capture to its end as the ingest thread does, and checks that all is accounted for. */
ReadOut read_all(const std::string& path, const Mode& mode, bool with_state);

}  // namespace peregrine::fuzz
