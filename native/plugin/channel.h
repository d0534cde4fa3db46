// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "futex.h"

namespace peregrine::plugin {

/**
 * The memory through which one thread of Peregrine and one state of a plugin talk:
 *
 *   0          4 KiB              + 16 MiB             + 32 MiB            + 16 MiB        + 8 MiB      + 4 MiB
 *   | Channel  | request          | response           | ring of events    | mailbox       | answers    |
 *
 * Pages are taken from the system when they are first touched. With a plugin in a process of its own this is a memfd that
 * both map; in-process it is private memory. The same code serves both.
 *
 * The engine's side trusts nothing that it reads here: it loads a number once, checks it, and uses that copy.
 *
 * A request: the engine writes its bytes, then `operation` and `request_size`, then stores `asked` with release order and
 * rings `to_plugin`. The plugin's side loads `asked` with acquire order, serves, writes the answer, then stores `answered`
 * with release order and rings `to_engine`. One request at a time.
 *
 * While the engine waits, the plugin's side may ask it a question in the same way: `up_asked`, `up_answered` (upcall.h).
 */
struct RingState {
  /** Bytes ever written and ever read. */
  alignas(64) std::atomic<uint64_t> head{0};
  alignas(64) std::atomic<uint64_t> tail{0};
};

/** How a source stands; what is in the ring comes before it. */
enum class SourceStatus : uint32_t { kClosed = 0, kRunning = 1, kEnd = 2, kFailed = 3 };

struct Channel {
  static constexpr uint32_t kMagic = 0x50504831;
  static constexpr size_t kHeaderBytes = 4096;
  static constexpr size_t kRequestBytes = size_t{16} << 20;
  static constexpr size_t kResponseBytes = size_t{32} << 20;
  static constexpr size_t kEventBytes = size_t{16} << 20;
  static constexpr size_t kMailBytes = size_t{8} << 20;
  static constexpr size_t kUpcallBytes = size_t{4} << 20;
  static constexpr size_t kBytes = kHeaderBytes + kRequestBytes + kResponseBytes + kEventBytes + kMailBytes + kUpcallBytes;

  uint32_t magic = kMagic;
  /** Set by the engine when it leaves; the plugin's side destroys its state. */
  std::atomic<uint32_t> closed{0};
  /** Set by the plugin's side when it has destroyed its state. */
  std::atomic<uint32_t> left{0};

  alignas(64) Bell to_plugin;
  std::atomic<uint32_t> asked{0};
  uint32_t operation = 0;
  uint32_t request_size = 0;

  alignas(64) Bell to_engine;
  std::atomic<uint32_t> answered{0};
  uint32_t response_size = 0;
  /** An `abi::Rc`, or a Status below. */
  int32_t response_status = 0;

  alignas(64) std::atomic<uint32_t> up_asked{0};
  std::atomic<uint32_t> up_answered{0};
  uint32_t up_question = 0;
  uint32_t up_size = 0;
  uint64_t up_event = 0;
  int64_t up_key = 0;

  std::atomic<SourceStatus> source{SourceStatus::kClosed};
  /** Counts turns of the plugin's side: it stands still while a call of the library does not return. */
  std::atomic<uint32_t> turns{0};
  /** Events and messages that did not fit. */
  std::atomic<uint64_t> events_lost{0};
  std::atomic<uint64_t> mail_lost{0};

  RingState events;
  RingState mail;

  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this); }
  uint8_t* request() { return bytes() + kHeaderBytes; }
  uint8_t* response() { return request() + kRequestBytes; }
  uint8_t* event_bytes() { return response() + kResponseBytes; }
  uint8_t* mail_bytes() { return event_bytes() + kEventBytes; }
  uint8_t* upcall_bytes() { return mail_bytes() + kMailBytes; }
};
static_assert(sizeof(Channel) <= Channel::kHeaderBytes);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

/** What the engine asks for. The same numbers are in src/plugins/library/operations.ts. */
enum class Operation : uint32_t {
  kDescribe = 1,
  kInit = 2,
  kWant = 3,
  kExtract = 4,
  kOpen = 5,
  kClose = 6,
  kListOpenParams = 7,
  kSource = 8,
  kEventToString = 9,
  kSetConfig = 10,
  kStart = 11,
  kStop = 12,
  kMetrics = 13,
  kParse = 14,
  kDump = 15,
};

/** Statuses besides abi::Rc: the request made no sense, or the answer did not fit. */
constexpr int32_t kBadRequest = 100;
constexpr int32_t kTooLarge = 101;

/** Kinds of messages in the mailbox. */
enum class Mail : uint32_t { kLog = 1, kAsyncEvent = 2, kProgress = 3, kMetrics = 4, kStateEvent = 5 };

}  // namespace peregrine::plugin
