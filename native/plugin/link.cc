// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace peregrine::plugin {

namespace {

/** Most answers come within this time; sleeping costs about as much. */
constexpr uint64_t kSpinNs = 20000;
/** How often a sleeper looks whether the process still lives: nothing else would wake it. */
constexpr uint64_t kSliceNs = 20000000;
/** One that waits for something outside gets so many times the time of one that computes. */
constexpr uint64_t kWaitingShare = 6;

}  // namespace

bool Link::open() {
  int memory = -1;
  if (!in_process()) {
    memory = memfd_create("peregrine-plugin", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, static_cast<off_t>(Channel::kBytes)) != 0) {
      error_ = std::string("shared memory: ") + std::strerror(errno);
      if (memory >= 0) ::close(memory);
      return false;
    }
  }
  const int flags = in_process() ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  void* mapped = mmap(nullptr, Channel::kBytes, PROT_READ | PROT_WRITE, flags, memory, 0);
  if (mapped == MAP_FAILED) {
    error_ = std::string("shared memory: ") + std::strerror(errno);
    if (memory >= 0) ::close(memory);
    return false;
  }
  channel_ = new (mapped) Channel();
  events_ = std::make_unique<RingReader>(channel_->events, channel_->event_bytes(), Channel::kEventBytes);
  mail_ = std::make_unique<RingReader>(channel_->mail, channel_->mail_bytes(), Channel::kMailBytes);
  if (in_process()) {
    library_ = std::make_unique<Library>();
    if (library_->load(path_.c_str())) {
      session_ = std::make_unique<Session>(*library_, *channel_);
      session_->set_direct([this] { answer_question(); });
    }
    return true;
  }
  generation_ = process_.join(host_, path_, memory);
  ::close(memory);
  if (generation_ != 0) return true;
  error_ = process_.error();
  gone_ = true;
  return false;
}

void Link::close() {
  if (channel_ == nullptr) return;
  session_.reset();
  channel_->closed.store(1, std::memory_order_release);
  channel_->to_plugin.ring();
  if (generation_ != 0) process_.leave(generation_);
  munmap(channel_, Channel::kBytes);
  channel_ = nullptr;
  gone_ = true;
}

bool Link::check_dead() {
  if (in_process() || !process_.dead(generation_, death_)) return false;
  gone_ = true;
  return true;
}

void Link::corrupt() {
  gone_ = true;
  if (!in_process()) process_.kill(generation_);
}

/** The plugin's side may ask as often as it likes: the time that a call may take goes on meanwhile. */
void Link::answer_question() {
  const uint32_t asked = channel_->up_asked.load(std::memory_order_acquire);
  if (asked == questions_) return;
  questions_ = asked;
  const size_t size = answer_ ? answer_(channel_->up_question, channel_->up_event, channel_->up_key,
                                        channel_->upcall_bytes(), Channel::kUpcallBytes)
                              : 0;
  channel_->up_size = static_cast<uint32_t>(size);
  channel_->up_answered.store(asked, std::memory_order_release);
  if (!in_process()) channel_->to_plugin.ring();
}

bool Link::wait_answer(uint32_t asked, uint64_t timeout_ns) {
  const auto answered = [&] { return channel_->answered.load(std::memory_order_acquire) == asked; };
  const uint64_t start = monotonic_ns();
  do {
    for (int i = 0; i < 32; i++) {
      if (answered()) return true;
      relax();
    }
  } while (monotonic_ns() - start < kSpinNs);
  for (;;) {
    const uint32_t seen = channel_->to_engine.count();
    if (answered()) return true;
    answer_question();
    const uint64_t waited = monotonic_ns() - start;
    if (waited >= timeout_ns) return false;
    channel_->to_engine.wait(seen, std::min(kSliceNs, timeout_ns - waited));
    if (answered()) return true;
    if (channel_->to_engine.count() == seen && check_dead()) return false;
  }
}

int32_t Link::call(Operation operation, size_t size, uint64_t timeout_ns) {
  response_size_ = 0;
  if (gone_) return kDied;
  channel_->operation = static_cast<uint32_t>(operation);
  channel_->request_size = static_cast<uint32_t>(size);
  asked_++;
  channel_->asked.store(asked_, std::memory_order_release);
  if (in_process()) {
    if (session_ == nullptr) {
      answer_not_loaded(*library_, *channel_);
    } else {
      session_->serve();
    }
  } else {
    channel_->to_plugin.ring();
    if (!wait_answer(asked_, timeout_ns)) {
      if (gone_) return kDied;
      process_.kill(generation_);
      check_dead();
      return death_.killed ? kTimedOut : kDied;
    }
  }
  const size_t answered = channel_->response_size;
  const int32_t status = channel_->response_status;
  if (answered > Channel::kResponseBytes || status <= kDied) {
    corrupt();
    return kCorrupt;
  }
  response_size_ = answered;
  return status;
}

bool Link::wait_events(uint64_t timeout_ns) {
  if (gone_) return !events_->empty();
  const uint64_t start = monotonic_ns();
  for (;;) {
    const uint32_t seen = channel_->to_engine.count();
    if (!events_->empty() || source() != SourceStatus::kRunning) return true;
    const uint64_t waited = monotonic_ns() - start;
    if (waited >= timeout_ns) return true;
    if (in_process()) {
      if (session_->step() == Pumped::kIdle) channel_->to_engine.wait(seen, 1000000);
      continue;
    }
    channel_->to_engine.wait(seen, std::min(kSliceNs, timeout_ns - waited));
    // What stands in the ring is delivered before the death is told.
    if (channel_->to_engine.count() == seen && events_->empty() && check_dead()) return !events_->empty();
  }
}

bool Link::hung(uint64_t limit_ns) {
  if (in_process() || gone_) return false;
  const uint32_t turns = channel_->turns.load(std::memory_order_relaxed);
  const uint64_t now = monotonic_ns();
  if (turns != turns_ || still_since_ == 0) {
    turns_ = turns;
    still_since_ = now;
    still_cpu_ = process_.cpu_ns(generation_);
    return false;
  }
  const uint64_t still = now - still_since_;
  if (still < limit_ns) return false;
  // On a busy machine one that computes is not given the CPU all of the time.
  if (process_.cpu_ns(generation_) - still_cpu_ < limit_ns / 10 * 3 && still < limit_ns * kWaitingShare) return false;
  process_.kill(generation_);
  check_dead();
  return true;
}

}  // namespace peregrine::plugin
