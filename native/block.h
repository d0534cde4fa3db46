// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "bytes.h"
#include "failure.h"
#include "input.h"

namespace peregrine {

/*
 * A block:  u32 type | u32 total | body | 0-3 zero bytes | u32 total       total counts all of it
 */
inline constexpr uint32_t kBlockHeader = 8;
inline constexpr uint32_t kBlockTrailer = 4;
inline constexpr uint32_t kSmallestBlock = kBlockHeader + kBlockTrailer;
/** Bytes behind the header that a block of events may have which is not of a LARGE type. */
inline constexpr uint32_t kEventBlockLimit = 65536;
/** No block is larger: a length beyond it is a lie, and nobody shall be made to hold so much. */
inline constexpr uint32_t kBlockLimit = 256u << 20;

enum class BlockKind : uint8_t { kUnknown, kSection, kMachine, kProcesses, kFds, kInterfaces, kUsers, kEvent };

/** What a block type number means. */
struct BlockType {
  BlockKind kind = BlockKind::kUnknown;
  uint8_t version = 0;     // of the list, or of the event's header
  bool has_flags = false;  // events: flags stand before the header
  bool is_large = false;
};

/** The usual block of an event. */
inline constexpr uint32_t kEventBlock = 0x216;
inline constexpr BlockType kEventBlockType = {BlockKind::kEvent, 2};

/** Looks a number up, the aliases of the time before the first release included. */
BlockType block_type(uint32_t number);

/** A whole block in the input's buffer; valid until the input moves on. */
struct Block {
  BlockType type;
  uint32_t number = 0;
  uint32_t total = 0;
  uint64_t offset = 0;
  Span body;  // padding included
};

enum class BlockStatus : uint8_t { kBlock, kEnd, kFailed };

/**
 * Brings the next block into the buffer without consuming it.
 * kEnd: the input ends at a block's border. kFailed: `failure` says where and why.
 */
BlockStatus next_block(Input& input, Block& block, Failure& failure);

/** "0x216", for messages. */
std::string hex(uint64_t value);

}  // namespace peregrine
