// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "../layout.generated.h"
#include "../state/stage.h"

namespace peregrine::fuzz {

namespace {

constexpr uint32_t kSlotHeader = 64;  // words
constexpr int32_t kRows = 64;          // of each table, few: running out is part of it
constexpr int32_t kEntries = 8;
constexpr uint32_t kSlots = 1;
constexpr uint32_t kIds = 1u << 12;
constexpr uint64_t kArena = 1u << 17;

/** Memory of a dictionary and of a ring, with nothing behind their ends. */
struct Memory {
  explicit Memory(const Mode& mode)
      : offsets(kIds), lengths(kIds), flags(kIds), arena(kArena) {
    const uint64_t record_bytes = (kLargestRecord + mode.annex_words) * 4ull * (mode.events < 4 ? 1 : 4);
    const uint32_t records_word = kSlotHeader + mode.events;
    const uint64_t heap_byte = records_word * 4ull + record_bytes;
    slot.resize((heap_byte + mode.heap_bytes) / 8);
    ring = {reinterpret_cast<uint8_t*>(slot.data()), kSlots, mode.events, heap_byte + mode.heap_bytes, records_word,
            heap_byte, record_bytes, mode.heap_bytes, kIds / 16, kArena / 16, mode.annex_words};
  }
  DictionaryMemory dictionary() {
    return {offsets.data(), lengths.data(), flags.data(), arena.data(), kIds, kArena};
  }

  state::SlotLayout layout() const { return {ring.slot_bytes / 4, kSlotHeader, ring.records_word, ring.events}; }

  std::vector<uint32_t> offsets, lengths;
  std::vector<uint8_t> flags, arena;
  std::vector<uint64_t> slot;
  RingMemory ring;
};

/** A word for each thread id that there can be: most pages are never touched. */
class Heads {
 public:
  Heads() : words_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    expect(words_ != MAP_FAILED, "there is room for the heads");
  }
  ~Heads() { munmap(words_, kBytes); }
  Heads(const Heads&) = delete;
  Heads& operator=(const Heads&) = delete;
  int32_t* words() const { return static_cast<int32_t*>(words_); }

 private:
  static constexpr size_t kBytes = static_cast<size_t>(kHeadSlots) * sizeof(int32_t);
  void* words_;
};

/** The tables of the state stage. */
struct StateMemory {
  struct People {
    People() : heads(kLookupBuckets), entries(static_cast<size_t>(kEntries) * kLookupEntryWords) {}
    state::LookupMemory memory() { return {heads.data(), entries.data(), kEntries - 1}; }
    std::vector<int32_t> heads, entries;
  };

  state::TableMemory memory(uint8_t* ring) {
    return {ring, heads.words(), rows.data(), kRows, extras.data(), kRows, fds.data(), kRows,
            users.memory(), groups.memory(), containers.memory()};
  }

  Heads heads;
  std::vector<int32_t> rows = std::vector<int32_t>(static_cast<size_t>(kRows) * kRowWords);
  std::vector<int32_t> extras = std::vector<int32_t>(static_cast<size_t>(kRows) * kExtraWords);
  std::vector<int32_t> fds = std::vector<int32_t>(static_cast<size_t>(kRows) * kFdRowWords);
  People users, groups, containers;
};

/** Every record that rules look at lies within the batch. */
void check_wanted(const RingMemory& ring) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(ring.base);
  expect(words[2] <= words[1], "no more records are wanted than there are");
  uint32_t last = 0;
  for (uint32_t i = 0; i < words[2]; i++) {
    const uint32_t at = words[kSlotHeader + i];
    expect(at >= ring.records_word && at < words[9] && at > last, "a wanted record is one of the batch");
    last = at;
    const uint32_t row = words[at + 10];
    const uint32_t fd_row = words[at + 12];
    expect(row < static_cast<uint32_t>(kRows) && fd_row < static_cast<uint32_t>(kRows), "a row is one of the table");
  }
}

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

Mode::Mode(uint8_t byte) : plan(static_cast<size_t>(kEventTypes) * kPlanWords) {
  // The actions of the plan, alone and mixed; with tests on a parameter for those that only the state stage sees.
  const int32_t actions[] = {plan_action::kRules, plan_action::kState, plan_action::kSkip};
  for (uint32_t type = 0; type < kEventTypes; type++) {
    int32_t* row = plan.data() + static_cast<size_t>(type) * kPlanWords;
    const uint32_t choice = byte & 3;
    row[0] = choice == 3 ? actions[type % 3] : actions[choice];
    row[1] = -1;
    row[2] = row[0] == plan_action::kState ? -1 : 0;
    row[3] = (byte & 4) != 0 ? static_cast<int32_t>(type % 4) : plan_test::kNone;
    row[4] = static_cast<int32_t>(type % 8 == 7 ? 200 : 0);
  }
  events = (byte & 8) != 0 ? 2 : 64;
  heap_bytes = (byte & 16) != 0 ? 64 : 1 << 17;
  annex_words = (byte & 32) != 0 ? 4 : 0;
}

ReadOut read_all(const std::string& path, const Mode& mode, bool with_state) {
  Memory memory(mode);
  Interner interner(memory.dictionary());
  std::optional<StateMemory> tables;
  std::optional<state::Stage> stage;
  if (with_state) {
    tables.emplace();
    stage.emplace(interner, tables->memory(memory.ring.base), memory.layout(), mode.plan.data(), state::AnnexDemand{});
  }
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
    if (stage) stage->begin(header, counters[kLastNumber] + 1);
    FillResult result;
    do {
      result = reader.fill(0, 0);
      check_counters(reader, counters);
      check_records(memory.ring, last);
      if (stage) {
        stage->apply(0);
        check_wanted(memory.ring);
        stage->settle(counters[kLastNumber]);
      }
      if (interner.bytes() > kArena / 2 || interner.count() > kIds / 2) {
        std::vector<uint8_t> marks(kIds);
        if (stage) stage->mark(marks.data());
        interner.sweep(marks.data(), marks.size());
        if (stage) stage->tables.forget();
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
