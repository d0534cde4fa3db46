// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host_loop.h"
#include "process.h"

namespace peregrine::plugin {

/** What an attempt to talk to a plugin came to, besides its own statuses. The same numbers are in operations.ts. */
constexpr int32_t kDied = -100;
constexpr int32_t kTimedOut = -101;
constexpr int32_t kCorrupt = -102;

/** The engine's end of one channel: to a process of the library's own, or to the library in this process. */
class Link {
 public:
  Link(int32_t* words, std::string host, std::string library, uint32_t memory_mb, uint32_t go_procs)
      : process_(words, memory_mb, go_procs), host_(std::move(host)), path_(std::move(library)) {}
  ~Link() { close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /** Without a host program the library is loaded here. False: see error(). */
  bool open();
  void close();

  uint8_t* request() { return channel_->request(); }
  Channel* channel() { return channel_; }

  /**
   * Sends the request that stands in request() and waits for the answer. The plugin's status, or one of those above; after
   * kTimedOut the process has been killed.
   */
  int32_t call(Operation operation, size_t size, uint64_t timeout_ns);
  /** Bytes of the last answer, at most as many as there can be. */
  size_t response_size() const { return response_size_; }
  const uint8_t* response() const { return channel_->response(); }

  /** Sets what answers the plugin's questions: it writes the answer and returns its size, 0 for none. */
  using Answer = std::function<size_t(uint32_t question, uint64_t event, int64_t key, uint8_t* to, size_t most)>;
  void set_answer(Answer answer) { answer_ = std::move(answer); }

  /** Waits until events stand in the ring, the source stops, or the time is over. False: the process has died. */
  bool wait_events(uint64_t timeout_ns);
  /**
   * Whether the library does not return from reading its source: for `limit_ns` while it computes, six times as long while it
   * waits. To be asked when no events came; the process has then been killed.
   */
  bool hung(uint64_t limit_ns);
  RingReader& events() { return *events_; }
  RingReader& mail() { return *mail_; }
  SourceStatus source() const { return channel_->source.load(std::memory_order_acquire); }

  /** Marks the link as unusable; the process is ended. */
  void corrupt();
  bool in_process() const { return host_.empty(); }
  bool gone() const { return gone_; }
  const Death& death() const { return death_; }
  const std::string& error() const { return error_; }

 private:
  bool wait_answer(uint32_t asked, uint64_t timeout_ns);
  bool check_dead();
  void answer_question();

  SharedProcess process_;
  std::string host_;
  std::string path_;
  int32_t generation_ = 0;
  Channel* channel_ = nullptr;
  std::unique_ptr<Library> library_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<RingReader> events_;
  std::unique_ptr<RingReader> mail_;
  uint32_t asked_ = 0;
  uint32_t questions_ = 0;
  Answer answer_;
  size_t response_size_ = 0;
  /** Turns that were seen last, since when they stand, and the process's CPU time then. */
  uint32_t turns_ = 0;
  uint64_t still_since_ = 0;
  uint64_t still_cpu_ = 0;
  bool gone_ = false;
  Death death_;
  std::string error_;
};

}  // namespace peregrine::plugin
