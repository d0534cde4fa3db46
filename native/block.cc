// SPDX-License-Identifier: Apache-2.0
#include "block.h"

#include <cstdio>

namespace peregrine {

BlockType block_type(uint32_t number) {
  switch (number) {
    case 0x0A0D0D0A:
      return {BlockKind::kSection};
    case 0x201:
    case 0x8002ABCD:
      return {BlockKind::kMachine};
    case 0x202:
    case 0x8000ABCD:
      return {BlockKind::kProcesses, 1};
    case 0x207:
    case 0x8013ABCD:
      return {BlockKind::kProcesses, 2};
    case 0x209:
    case 0x8014ABCD:
      return {BlockKind::kProcesses, 3};
    case 0x210:
    case 0x211:
    case 0x212:
    case 0x213:
    case 0x214:
    case 0x215:
      return {BlockKind::kProcesses, static_cast<uint8_t>(number - 0x210 + 4)};
    case 0x203:
    case 0x8001ABCD:
      return {BlockKind::kFds, 1};
    case 0x218:
      return {BlockKind::kFds, 2};
    case 0x205:
    case 0x8011ABCD:
      return {BlockKind::kInterfaces, 1};
    case 0x219:
      return {BlockKind::kInterfaces, 2};
    case 0x206:
    case 0x8012ABCD:
      return {BlockKind::kUsers, 1};
    case 0x220:
      return {BlockKind::kUsers, 2};
    case 0x204:
    case 0x8010ABCD:
      return {BlockKind::kEvent, 1};
    case 0x208:
      return {BlockKind::kEvent, 1, true};
    case kEventBlock:
      return kEventBlockType;
    case 0x217:
      return {BlockKind::kEvent, 2, true};
    case 0x221:
      return {BlockKind::kEvent, 2, false, true};
    case 0x222:
      return {BlockKind::kEvent, 2, true, true};
    default:
      return {};
  }
}

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

BlockStatus next_block(Input& input, Block& block, Failure& failure) {
  block.offset = input.offset();
  const auto truncated = [&](const char* what) {
    if (input.failure()) {
      failure = input.failure();
    } else {
      failure.set("CAPTURE_TRUNCATED", what, static_cast<int64_t>(block.offset));
    }
    return BlockStatus::kFailed;
  };
  if (!input.ensure(kBlockHeader)) {
    if (!input.failure() && input.available() == 0) return BlockStatus::kEnd;
    return truncated("the file ends within the header of a block");
  }
  block.number = load<uint32_t>(input.data());
  block.total = load<uint32_t>(input.data() + 4);
  block.type = block_type(block.number);
  const bool is_small = block.type.kind == BlockKind::kEvent && !block.type.is_large;
  if (block.total < kSmallestBlock || block.total > kBlockLimit ||
      (is_small && block.total > kBlockHeader + kEventBlockLimit)) {
    failure.set("CAPTURE_BLOCK_LENGTH",
                "a block of type " + hex(block.number) + " cannot be " + std::to_string(block.total) + " bytes long",
                static_cast<int64_t>(block.offset));
    return BlockStatus::kFailed;
  }
  if (!input.ensure(block.total)) return truncated("the file ends within a block");
  block.body = {input.data() + kBlockHeader, block.total - kSmallestBlock};
  return BlockStatus::kBlock;
}

}  // namespace peregrine
