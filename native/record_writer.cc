// SPDX-License-Identifier: Apache-2.0
#include "record_writer.h"

namespace peregrine {

namespace {

/** What old drivers wrote for a null pointer, final NUL included. */
constexpr char kNull[] = "(NULL)";
constexpr char kNotAvailable[] = "<NA>";

/** Zeroes an even number of words; a call of memset() would cost more than the few stores. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) inline void clear_words(uint32_t* words, uint32_t count) {
  const uint64_t zero = 0;
  for (uint32_t i = 0; i < count; i += 2) std::memcpy(words + i, &zero, sizeof zero);
}

}  // namespace

void RecordWriter::start(uint32_t slot) {
  slot_ = ring_.base + slot * ring_.slot_bytes;
  record_ = slot_ + static_cast<size_t>(ring_.records_word) * 4;
  records_end_ = record_ + ring_.record_bytes;
  heap_ = slot_ + ring_.heap_byte;
  heap_end_ = heap_ + ring_.heap_bytes;
  records_ = 0;
  strings_ = 0;
  string_bytes_ = 0;
}

uint32_t* RecordWriter::begin(const RecordHead& head, uint32_t size, uint32_t nparams, uint32_t present) {
  uint32_t* words = reinterpret_cast<uint32_t*>(record_);
  words[record_word::kSize] = size;
  words[record_word::kType] = head.type | static_cast<uint32_t>(head.cpu) << 16;
  std::memcpy(words + record_word::kNumber, &head.number, sizeof head.number);
  std::memcpy(words + record_word::kTime, &head.ts, sizeof head.ts);
  std::memcpy(words + record_word::kTid, &head.tid, sizeof head.tid);
  words[record_word::kPresent] = present;
  words[record_word::kFlags] = head.flags;
  words[record_word::kRow] = 0;
  words[record_word::kLeader] = 0;
  words[record_word::kFdRow] = 0;
  words[record_word::kFd] = UINT32_MAX;
  words[record_word::kNparams] = nparams;
  words[record_word::kAnnex] = 0;
  record_ += size * 4;
  records_++;
  return words;
}

void RecordWriter::write_touch(const RecordHead& head, uint32_t nparams) { begin(head, kHeaderWords, nparams, 0); }

inline void RecordWriter::write_param(uint32_t* words, const WantedParam& wanted, Span bytes) {
  uint32_t* to = words + wanted.word;
  switch (wanted.kind) {
    case ParamKind::kInt:
    case ParamKind::kFd32:
      *to = static_cast<uint32_t>(integer_of(bytes, wanted.width, wanted.is_signed));
      return;
    case ParamKind::kWide:
    case ParamKind::kFd: {
      const int64_t value = integer_of(bytes, 8, wanted.is_signed);
      std::memcpy(to, &value, sizeof value);
      return;
    }
    case ParamKind::kString:
      if (bytes.size == sizeof kNull && std::memcmp(bytes.data, kNull, sizeof kNull) == 0) {
        *to = interner_.intern(reinterpret_cast<const uint8_t*>(kNotAvailable), sizeof kNotAvailable - 1);
      } else {
        *to = intern(until_nul(bytes));
      }
      return;
    case ParamKind::kVector:
      *to = intern(without_final_nuls(bytes));
      return;
    case ParamKind::kAddress:
      *to = intern(bytes);
      return;
    case ParamKind::kBlob:
      to[0] = static_cast<uint32_t>(heap_ - ring_.base);
      to[1] = static_cast<uint32_t>(bytes.size);
      std::memcpy(heap_, bytes.data, bytes.size);
      heap_ += bytes.size;
      return;
    case ParamKind::kNone:
      return;
  }
}

/** Copies the event, brought up to date, to the heap: u64 time, u64 thread, u32 bytes, u16 type, u32 count, lengths, parameters. */
void RecordWriter::write_image(uint32_t* annex, const RecordHead& head, const EventParams& params) {
  const uint32_t size = static_cast<uint32_t>(image_bytes(head.type, params));
  const uint32_t width = kEvents[head.type].length_width;
  annex[annex_word::kImage] = static_cast<uint32_t>(heap_ - ring_.base);
  annex[annex_word::kImage + 1] = size;
  std::memcpy(heap_, &head.ts, 8);
  std::memcpy(heap_ + 8, &head.tid, 8);
  std::memcpy(heap_ + 16, &size, 4);
  std::memcpy(heap_ + 20, &head.type, 2);
  std::memcpy(heap_ + 22, &params.count, 4);
  uint8_t* length = heap_ + kEventHeaderV2;
  uint8_t* to = length + static_cast<size_t>(params.count) * width;
  for (uint32_t i = 0; i < params.count; i++) {
    const Span& param = params.param[i];
    const uint32_t bytes = static_cast<uint32_t>(param.size);
    std::memcpy(length, &bytes, width);
    length += width;
    if (bytes > 0) std::memcpy(to, param.data, bytes);
    to += bytes;
  }
  heap_ = to;
}

void RecordWriter::write(const RecordHead& head, const EventParams& params, const Recipe& recipe) {
  const uint32_t annex = kEvents[head.type].words;
  const uint32_t size = annex + ring_.annex_words;
  uint32_t* words = begin(head, size, params.count, params.present);
  clear_words(words + kHeaderWords, size - kHeaderWords);
  if (ring_.annex_words != 0) {
    words[record_word::kAnnex] = annex;
    std::memcpy(words + annex, &head.previous, sizeof head.previous);
    if (recipe.has_image) write_image(words + annex, head, params);
  }
  for (uint32_t i = 0; i < recipe.count; i++) {
    const WantedParam& wanted = recipe.wanted[i];
    if ((params.present >> wanted.index & 1) != 0) write_param(words, wanted, params.param[wanted.index]);
  }
}

}  // namespace peregrine
