// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include <cstdio>
#include <cstdlib>

namespace peregrine::fuzz {

namespace {

constexpr uint32_t kHeaderWords = 32;  // of a slot
constexpr uint32_t kSlots = 1;
constexpr uint32_t kIds = 1u << 12;
constexpr uint64_t kArena = 1u << 17;

/** Memory of a dictionary and of a ring, with nothing behind their ends. */
struct Memory {
  explicit Memory(const Mode& mode)
      : offsets(kIds), lengths(kIds), flags(kIds), arena(kArena) {
    const uint64_t record_bytes = (kLargestRecord + mode.annex_words) * 4ull * (mode.events < 4 ? 1 : 4);
    const uint64_t heap_byte = kHeaderWords * 4 + record_bytes;
    slot.resize((heap_byte + mode.heap_bytes) / 8 + 1);
    ring = {reinterpret_cast<uint8_t*>(slot.data()), kSlots, mode.events, heap_byte + mode.heap_bytes, kHeaderWords,
            heap_byte, record_bytes, mode.heap_bytes, kIds / 16, kArena / 16, mode.annex_words};
  }
  DictionaryMemory dictionary() {
    return {offsets.data(), lengths.data(), flags.data(), arena.data(), kIds, kArena};
  }

  std::vector<uint32_t> offsets, lengths;
  std::vector<uint8_t> flags, arena;
  std::vector<uint64_t> slot;
  RingMemory ring;
};

void check_counters(const Reader& reader, double* counters) {
  reader.report(counters);
  const double parts = counters[kMerged] + counters[kNotWanted] + counters[kStateRejected] + counters[kUnknownType] +
                       counters[kStateRecords] + counters[kRuleRecords] + counters[kOversize];
  expect(counters[kSeen] == parts, "every event is counted once");
}

/** Goes through the records of a batch: whole, in order. */
void check_records(const RingMemory& ring, double& last) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(ring.base);
  uint32_t at = ring.records_word;
  for (uint32_t i = words[1]; i > 0; i--) {
    double number;
    std::memcpy(&number, words + at + 2, sizeof number);
    expect(number > last, "numbers of events rise");
    last = number;
    const uint32_t size = words[at];
    expect(size >= peregrine::kHeaderWords && (at + size) * 4ull <= ring.heap_byte, "a record lies within its slot");
    at += size;
  }
  expect(at == words[9], "records stand one behind the other");
  expect(words[10] <= ring.slot_bytes, "the heap lies within its slot");
}

}  // namespace

void expect(bool holds, const char* sentence) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", sentence);
  std::abort();
}

Mode::Mode(uint8_t byte) : plan(static_cast<size_t>(kEventTypes) * plan::kWords) {
  // The actions of the plan, alone and mixed; with tests on a parameter for those that only the state stage sees.
  const int32_t actions[] = {plan::kRules, plan::kState, plan::kSkip};
  for (uint32_t type = 0; type < kEventTypes; type++) {
    int32_t* row = plan.data() + static_cast<size_t>(type) * plan::kWords;
    const uint32_t choice = byte & 3;
    row[0] = choice == 3 ? actions[type % 3] : actions[choice];
    row[1] = -1;
    row[2] = row[0] == plan::kState ? -1 : 0;
    row[3] = (byte & 4) != 0 ? static_cast<int32_t>(type % 4) : plan::kNone;
    row[4] = static_cast<int32_t>(type % 8 == 7 ? 200 : 0);
  }
  events = (byte & 8) != 0 ? 2 : 64;
  heap_bytes = (byte & 16) != 0 ? 64 : 1 << 17;
  annex_words = (byte & 32) != 0 ? 4 : 0;
}

ReadOut read_all(const std::string& path, const Mode& mode) {
  Memory memory(mode);
  Interner interner(memory.dictionary());
  Reader reader(interner, memory.ring, mode.plan.data());
  ReadOut out;
  double counters[kReaderCounters] = {};
  double last = 0;
  bool good = reader.open(path);
  bool more = good;
  while (more) {
    SectionHeader header;
    good = reader.read_section(header);
    if (!good) break;
    out.sections++;
    FillResult result;
    do {
      result = reader.fill(0, 0);
      check_counters(reader, counters);
      check_records(memory.ring, last);
      if (interner.bytes() > kArena / 2 || interner.count() > kIds / 2) {
        const std::vector<uint8_t> none(kIds);
        interner.sweep(none.data(), none.size());
      }
    } while (result == FillResult::kMore);
    more = result == FillResult::kSection;
  }
  if (reader.failure()) out.failure = reader.failure().code;
  expect(good || !out.failure.empty(), "what cannot be read has a reason");
  out.last_number = static_cast<uint64_t>(counters[kLastNumber]);
  out.seen = static_cast<uint64_t>(counters[kSeen]);
  out.merged = static_cast<uint64_t>(counters[kMerged]);
  out.unknown = static_cast<uint64_t>(counters[kUnknownType]);
  return out;
}

}  // namespace peregrine::fuzz
