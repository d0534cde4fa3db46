// SPDX-License-Identifier: Apache-2.0
#include "host_loop.h"

namespace peregrine::plugin {

namespace {

/** After a request the next one often comes at once: so long it is looked for without sleeping. */
constexpr uint64_t kSpinNs = 20000;
constexpr uint64_t kIdleNs = 1000000;
constexpr uint64_t kSleepNs = 500000000;

void spin(const Session& session, const Channel& channel) {
  const uint64_t until = monotonic_ns() + kSpinNs;
  do {
    for (int i = 0; i < 32; i++) {
      if (session.asked() || channel.closed.load(std::memory_order_relaxed) != 0) return;
      relax();
    }
  } while (monotonic_ns() < until);
}

}  // namespace

void answer_not_loaded(const Library& library, Channel& channel) {
  Writer answer(channel.response(), Channel::kResponseBytes);
  answer.text(library.failure().code == nullptr ? "LIBRARY_OPEN" : library.failure().code);
  answer.text(library.failure().message);
  channel.response_status = kNotLoaded;
  channel.response_size = static_cast<uint32_t>(answer.size());
  channel.answered.store(channel.asked.load(std::memory_order_acquire), std::memory_order_release);
  channel.to_engine.ring();
}

void serve_channel(const Library& library, bool loaded, Channel& channel) {
  if (!loaded) {
    while (channel.closed.load(std::memory_order_acquire) == 0) {
      const uint32_t seen = channel.to_plugin.count();
      if (channel.asked.load(std::memory_order_acquire) != channel.answered.load(std::memory_order_relaxed)) {
        answer_not_loaded(library, channel);
      }
      channel.to_plugin.wait(seen, kSleepNs);
    }
    channel.left.store(1, std::memory_order_release);
    return;
  }
  {
    Session session(library, channel);
    while (channel.closed.load(std::memory_order_acquire) == 0) {
      const uint32_t seen = channel.to_plugin.count();
      channel.turns.fetch_add(1, std::memory_order_relaxed);
      if (session.asked()) {
        session.serve();
        spin(session, channel);
        continue;
      }
      const Pumped done = session.step();
      if (done == Pumped::kWorked) continue;
      channel.to_plugin.wait(seen, done == Pumped::kIdle ? kIdleNs : kSleepNs);
    }
    session.end();
  }
  channel.left.store(1, std::memory_order_release);
  channel.to_engine.ring();
}

}  // namespace peregrine::plugin
