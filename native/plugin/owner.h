// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include "library.h"
#include "ring.h"

namespace peregrine::plugin {

class AsyncWork;
class TableApi;

/** Messages to the engine, from any thread of the plugin. */
class Mailbox {
 public:
  explicit Mailbox(Channel& channel)
      : channel_(channel), writer_(channel.mail, channel.mail_bytes(), Channel::kMailBytes) {}

  /** False, and counted, where there is no room. */
  bool post(Mail kind, uint64_t tag, std::initializer_list<Span> parts) {
    bool posted = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      posted = writer_.push(static_cast<uint32_t>(kind), tag, parts);
    }
    if (posted) {
      channel_.to_engine.ring();
    } else {
      channel_.mail_lost.fetch_add(1, std::memory_order_relaxed);
    }
    return posted;
  }

 private:
  Channel& channel_;
  std::mutex mutex_;
  RingWriter writer_;
};

inline Span span_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

/** What a plugin knows as its owner: it hands the pointer back to every function that it is given. */
class Owner {
 public:
  Owner(const Library& library, Channel& channel);

  /** The owner behind a pointer that came from the plugin; null where it is none of ours. */
  static Owner* of(void* pointer);

  const Library& library;
  Mailbox mail;
  std::string name;
  /** The state that init returned. */
  void* state = nullptr;
  AsyncWork* async = nullptr;
  TableApi* tables = nullptr;

  /** Keeps the text for get_owner_last_error. */
  void fail(std::string text) { last_error_ = std::move(text); }
  const std::string& last_error() const { return last_error_; }

  /** The plugin's own last error. */
  std::string plugin_error() const;

  static const char* get_last_error(void* owner);
  static void log(void* owner, const char* component, const char* message, uint32_t severity);

 private:
  uint64_t magic_;
  std::string last_error_;
};

}  // namespace peregrine::plugin
