// SPDX-License-Identifier: Apache-2.0
#include "header.h"

namespace peregrine {

namespace {

constexpr uint32_t kMagic = 0x1A2B3C4D;
constexpr uint32_t kSwappedMagic = 0x4D3C2B1A;
constexpr uint16_t kMajor = 1;
constexpr size_t kSectionBody = 16;
constexpr size_t kMachineBody = 180;
constexpr size_t kHostname = 128;

/** Tells a file that is something else from one of another byte order, before any length in it is believed. */
bool check_magic(Input& input, Failure& failure) {
  const int64_t offset = static_cast<int64_t>(input.offset());
  const bool whole = input.ensure(kBlockHeader + kSectionBody);
  if (!whole && input.failure()) {
    failure = input.failure();
    return false;
  }
  if (input.available() < 4 || block_type(load<uint32_t>(input.data())).kind != BlockKind::kSection) {
    return failure.set("CAPTURE_MAGIC", "it does not begin with a section header", offset);
  }
  if (!whole) return failure.set("CAPTURE_TRUNCATED", "the file ends within a block", offset);
  const uint32_t magic = load<uint32_t>(input.data() + kBlockHeader);
  if (magic == kSwappedMagic) {
    return failure.set("CAPTURE_BYTE_ORDER", "it was written on a big-endian machine", offset + kBlockHeader);
  }
  if (magic != kMagic) {
    return failure.set("CAPTURE_MAGIC", "its section header has the mark " + hex(magic), offset + kBlockHeader);
  }
  const uint16_t major = load<uint16_t>(input.data() + kBlockHeader + 4);
  if (major > kMajor) {
    return failure.set("CAPTURE_VERSION", "its format has version " + std::to_string(major), offset + kBlockHeader + 4);
  }
  return true;
}

bool read_machine(Span body, SectionHeader& header) {
  if (body.size < kMachineBody) return false;
  const Span name = until_nul({body.data + 20, kHostname});
  header.machine = MachineEntry{load<uint32_t>(body.data), load<uint64_t>(body.data + 4),
                                load<uint64_t>(body.data + 12),
                                std::string(reinterpret_cast<const char*>(name.data), name.size),
                                load<uint64_t>(body.data + 20 + kHostname)};
  return true;
}

}  // namespace

HeaderStatus read_header(Input& input, Interner& interner, SectionHeader& header, Failure& failure) {
  bool is_first = true;
  for (;;) {
    if (is_first && !check_magic(input, failure)) return HeaderStatus::kFailed;
    Block block;
    const BlockStatus status = next_block(input, block, failure);
    if (status == BlockStatus::kFailed) return HeaderStatus::kFailed;
    if (status == BlockStatus::kEnd) return HeaderStatus::kEnd;
    if (block.type.kind == BlockKind::kEvent) return HeaderStatus::kEvents;
    const uint32_t trailer = load<uint32_t>(input.data() + block.total - kBlockTrailer);
    if (trailer != block.total) {
      failure.set("CAPTURE_BLOCK_TRAILER",
                  "a block of type " + hex(block.number) + " begins with length " + std::to_string(block.total) +
                      " and ends with length " + std::to_string(trailer),
                  static_cast<int64_t>(block.offset));
      return HeaderStatus::kFailed;
    }
    size_t position = 0;
    bool good = true;
    switch (block.type.kind) {
      case BlockKind::kSection:
        // A section without events, and the next one behind it.
        if (!is_first && !check_magic(input, failure)) return HeaderStatus::kFailed;
        header = SectionHeader{};
        break;
      case BlockKind::kMachine:
        good = read_machine(block.body, header);
        break;
      case BlockKind::kProcesses:
        good = read_processes(block.body, block.type.version, interner, header, position);
        break;
      case BlockKind::kFds:
        good = read_fds(block.body, block.type.version, interner, header, position);
        break;
      case BlockKind::kInterfaces:
        good = read_interfaces(block.body, block.type.version, header, position);
        break;
      case BlockKind::kUsers:
        good = read_users(block.body, block.type.version, interner, header, position);
        break;
      case BlockKind::kUnknown:
      case BlockKind::kEvent:
        break;
    }
    if (!good) {
      failure.set("CAPTURE_LIST_ENTRY", "an entry of a block of type " + hex(block.number) + " does not fit",
                  static_cast<int64_t>(block.offset + kBlockHeader + position));
      return HeaderStatus::kFailed;
    }
    is_first = false;
    input.consume(block.total);
  }
}

}  // namespace peregrine
