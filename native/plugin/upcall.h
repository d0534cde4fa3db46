// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

#include "../bytes.h"
#include "channel.h"

namespace peregrine::plugin {

/** What a plugin's side asks the engine for while it serves a request. The same numbers are in operations.ts. */
enum class Question : uint32_t { kThread = 1, kThreadCount = 2, kThreads = 3, kFds = 4 };

/**
 * The way back: while the engine waits for the answer to a request, the plugin's side may ask it for rows of its tables. Only
 * the thread that serves the request may, and only then.
 */
class Upcall {
 public:
  explicit Upcall(Channel& channel) : channel_(channel) {}

  /** In-process: the function that answers in this thread. */
  void set_direct(std::function<void()> answer) { direct_ = std::move(answer); }

  void begin_call() { server_ = std::this_thread::get_id(); }
  void end_call() { server_ = std::thread::id(); }
  /** The event at which tables are to be seen. */
  void set_event(uint64_t number) { event_ = number; }

  /** Asks; `answer` is valid until the next question. False: not now, or the engine has no answer. */
  bool ask(Question question, int64_t key, Span& answer) {
    if (std::this_thread::get_id() != server_) return false;
    channel_.up_question = static_cast<uint32_t>(question);
    channel_.up_event = event_;
    channel_.up_key = key;
    asked_++;
    channel_.up_asked.store(asked_, std::memory_order_release);
    if (direct_) {
      direct_();
    } else {
      channel_.to_engine.ring();
      while (channel_.up_answered.load(std::memory_order_acquire) != asked_) {
        const uint32_t seen = channel_.to_plugin.count();
        if (channel_.up_answered.load(std::memory_order_acquire) == asked_) break;
        if (channel_.closed.load(std::memory_order_acquire) != 0) return false;
        channel_.to_plugin.wait(seen, 100000000);
      }
    }
    if (channel_.up_size == 0 || channel_.up_size > Channel::kUpcallBytes) return false;
    answer = {channel_.upcall_bytes(), channel_.up_size};
    return true;
  }

 private:
  Channel& channel_;
  std::function<void()> direct_;
  std::thread::id server_;
  uint64_t event_ = 0;
  uint32_t asked_ = 0;
};

}  // namespace peregrine::plugin
