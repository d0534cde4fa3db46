// SPDX-License-Identifier: Apache-2.0
#include "sourcing.h"

#include <time.h>

namespace peregrine::plugin {

namespace {

/** A timeout that comes sooner than this would make a loop that eats a processor. */
constexpr uint64_t kPromptNs = 1000000;

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

Sourcing::Sourcing(Owner& owner, Channel& channel)
    : owner_(owner), channel_(channel), ring_(channel.events, channel.event_bytes(), Channel::kEventBytes) {}

abi::Rc Sourcing::open(const std::string& parameters) {
  if (open_) return abi::kFailure;
  const std::lock_guard<std::mutex> held(owner_.library.lifecycle());
  abi::Rc rc = abi::kSuccess;
  instance_ = owner_.library.common().open(owner_.state, parameters.c_str(), &rc);
  if (rc != abi::kSuccess) {
    error_ = owner_.plugin_error();
    if (instance_ != nullptr) owner_.library.common().close(owner_.state, instance_);
    instance_ = nullptr;
    return rc;
  }
  open_ = true;
  error_.clear();
  count_ = at_ = 0;
  rc_ = abi::kSuccess;
  channel_.source.store(SourceStatus::kRunning, std::memory_order_release);
  return rc;
}

void Sourcing::close() {
  if (!open_) return;
  open_ = false;
  const std::lock_guard<std::mutex> held(owner_.library.lifecycle());
  owner_.library.common().close(owner_.state, instance_);
  instance_ = nullptr;
  count_ = at_ = 0;
  channel_.source.store(SourceStatus::kClosed, std::memory_order_release);
}

bool Sourcing::progress(std::string& text, uint32_t& hundredths) const {
  if (!open_ || owner_.library.common().get_progress == nullptr) return false;
  hundredths = 0;
  text = foreign_text(owner_.library.common().get_progress(owner_.state, instance_, &hundredths), 4096);
  return true;
}

Pumped Sourcing::step() {
  if (!open_ || channel_.source.load(std::memory_order_relaxed) != SourceStatus::kRunning) return Pumped::kNothing;
  if (at_ == count_) {
    const uint64_t before = monotonic_ns();
    if (!next()) return Pumped::kWorked;
    if (count_ == 0 && rc_ == abi::kTimeout) {
      return monotonic_ns() - before < kPromptNs ? Pumped::kIdle : Pumped::kWorked;
    }
  }
  const uint32_t from = at_;
  const bool whole = flush();
  if (at_ != from) channel_.to_engine.ring();
  if (!whole) return at_ == from ? Pumped::kFull : Pumped::kWorked;
  finish();
  return Pumped::kWorked;
}

/** False: the source has failed. */
bool Sourcing::next() {
  count_ = at_ = 0;
  batch_3_ = nullptr;
  batch_03_ = nullptr;
  const Library& library = owner_.library;
  rc_ = library.is_03() ? library.v03().next_batch(owner_.state, instance_, &count_, &batch_03_)
                        : library.v3().next_batch(owner_.state, instance_, &count_, &batch_3_);
  if (rc_ == abi::kTimeout || rc_ == abi::kEof || rc_ == abi::kFailure) {
    // What comes along with such a code is delivered first, if there is anything at all.
    if (batch_3_ == nullptr && batch_03_ == nullptr) count_ = 0;
  }
  if (count_ > 0 && batch_3_ == nullptr && batch_03_ == nullptr) {
    count_ = 0;
    fail("the plugin returned a count of events, but no events");
    return false;
  }
  if (count_ == 0 && rc_ == abi::kSuccess) {
    fail("unexpected 0 size event returned by plugin " + owner_.name);
    return false;
  }
  if (count_ == 0) finish();
  return channel_.source.load(std::memory_order_relaxed) == SourceStatus::kRunning;
}

/** Writes the events of the batch to the ring; false where it is full. */
bool Sourcing::flush() {
  for (; at_ < count_; at_++) {
    const bool pushed = owner_.library.is_03() ? push_03(batch_03_[at_]) : push_3(batch_3_[at_]);
    if (!pushed) return false;
    if (channel_.source.load(std::memory_order_relaxed) != SourceStatus::kRunning) {
      count_ = at_;
      return true;
    }
  }
  return true;
}

/** Lets the code of the last batch take effect, now that its events are in the ring. */
void Sourcing::finish() {
  if (channel_.source.load(std::memory_order_relaxed) != SourceStatus::kRunning) return;
  if (rc_ == abi::kEof) {
    channel_.source.store(SourceStatus::kEnd, std::memory_order_release);
    channel_.to_engine.ring();
  } else if (rc_ != abi::kSuccess && rc_ != abi::kTimeout) {
    const std::string why = owner_.plugin_error();
    fail(why.empty() ? "next_batch returned " + std::to_string(rc_) : why);
  }
}

void Sourcing::fail(std::string error) {
  error_ = std::move(error);
  channel_.source.store(SourceStatus::kFailed, std::memory_order_release);
  channel_.to_engine.ring();
}

bool Sourcing::push_3(const abi::Event* event) {
  if (event == nullptr) {
    fail("the plugin returned a null event");
    return true;
  }
  abi::Event head;
  std::memcpy(&head, event, sizeof head);
  if (head.type != abi::kPluginEvent || head.nparams != 2) {
    fail("the plugin returned an event of type " + std::to_string(head.type) + " with " +
         std::to_string(head.nparams) + " parameters: a source with an ID may only return plugin events (type 322, 2)");
    return true;
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(event);
  const uint32_t id_size = load<uint32_t>(bytes + sizeof head);
  const uint32_t size = load<uint32_t>(bytes + sizeof head + 4);
  if (id_size != 4 || head.len != uint64_t{abi::kPluginEventData} + size) {
    fail("the plugin returned an event whose lengths do not fit: " + std::to_string(head.len) + " bytes with " +
         std::to_string(size) + " bytes of data");
    return true;
  }
  const uint32_t id = load<uint32_t>(bytes + sizeof head + 8);
  if (id != 0 && id != owner_.library.id()) {
    fail("the plugin returned an event of plugin ID " + std::to_string(id) + ", its own is " +
         std::to_string(owner_.library.id()));
    return true;
  }
  return push(head.ts, bytes + abi::kPluginEventData, size);
}

bool Sourcing::push_03(const abi03::Event& event) {
  if (event.data == nullptr && event.datalen > 0) {
    fail("the plugin returned an event without data, but of " + std::to_string(event.datalen) + " bytes");
    return true;
  }
  return push(event.ts, event.data, event.datalen);
}

bool Sourcing::push(uint64_t time, const uint8_t* data, size_t size) {
  if (size > ring_.most()) {
    channel_.events_lost.fetch_add(1, std::memory_order_relaxed);
    const std::string text = "an event of " + std::to_string(size) + " bytes is larger than the " +
                             std::to_string(ring_.most()) + " that can be passed on; it is lost";
    Owner::log(&owner_, nullptr, text.c_str(), 4);
    return true;
  }
  return ring_.push(0, time == abi::kNone ? now_ns() : time, {Span{data, size}});
}

}  // namespace peregrine::plugin
