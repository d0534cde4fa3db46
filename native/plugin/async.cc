// SPDX-License-Identifier: Apache-2.0
#include "async.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace peregrine::plugin {

namespace {

constexpr uint64_t kMaxAheadNs = 10000000000u;
constexpr uint32_t kMaxName = 1024;

abi::Rc refuse(char* error, const std::string& why) {
  if (error != nullptr) std::snprintf(error, abi::kMaxErrorBytes, "%s", why.c_str());
  return abi::kFailure;
}

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

AsyncWork::AsyncWork(Owner& owner, TableApi& tables)
    : owner_(owner), tables_(tables), routines_{&AsyncWork::subscribe, &AsyncWork::unsubscribe} {
  owner_.async = this;
}

AsyncWork::~AsyncWork() { stop(); }

abi::ListenInput AsyncWork::listen_input() {
  return {&owner_, &routines_, &tables_.reader, &tables_.writer, Owner::get_last_error};
}

abi::Rc AsyncWork::start(std::set<std::string> names, bool threads) {
  const Symbols3& api = owner_.library.v3();
  const uint32_t capabilities = owner_.library.capabilities();
  names_ = std::move(names);
  threads_ = threads;
  if ((capabilities & kAsync) != 0 && !names_.empty()) {
    open_.store(true);
    const abi::Rc rc = api.set_async_event_handler(owner_.state, &owner_, &AsyncWork::handle);
    if (rc != abi::kSuccess) {
      open_.store(false);
      return rc;
    }
  }
  if ((capabilities & kListening) != 0) {
    listening_ = true;
    const abi::ListenInput in = listen_input();
    const abi::Rc rc = api.capture_open(owner_.state, &in);
    if (rc != abi::kSuccess) {
      const std::string why = owner_.plugin_error();
      stop();
      owner_.fail(why);
      return rc;
    }
  }
  return abi::kSuccess;
}

void AsyncWork::stop() {
  const Symbols3& api = owner_.library.v3();
  if (listening_) {
    listening_ = false;
    const abi::ListenInput in = listen_input();
    api.capture_close(owner_.state, &in);
  }
  join_all();
  if (open_.load()) {
    api.set_async_event_handler(owner_.state, &owner_, nullptr);
    // A thread that the plugin has not joined may be between the look at open_ and the post: behind this nothing is posted,
    // so whoever reads the mail now has all that was taken.
    const std::lock_guard<std::mutex> lock(gate_);
    open_.store(false);
  }
}

abi::Rc AsyncWork::dump_state() {
  const Symbols3& api = owner_.library.v3();
  if (api.dump_state == nullptr) return abi::kNotSupported;
  // Other threads of the plugin go on sending events meanwhile, which are no state.
  dumping_.store(std::this_thread::get_id());
  const abi::Rc rc = api.dump_state(owner_.state, &owner_, &AsyncWork::handle);
  dumping_.store(std::thread::id());
  return rc;
}

abi::Rc AsyncWork::handle(void* owner, const abi::Event* event, char* error) {
  Owner* self = Owner::of(owner);
  if (self == nullptr || self->async == nullptr) return refuse(error, "the owner is none of the framework's");
  return self->async->take(event, error);
}

/** An event of type 402: header, three lengths of 32 bits, u32 plugin ID, name with its NUL, data. */
abi::Rc AsyncWork::take(const abi::Event* event, char* error) {
  if (!open_.load()) return refuse(error, "no capture is running");
  if (event == nullptr) return refuse(error, "the async event is null");
  abi::Event head;
  std::memcpy(&head, event, sizeof head);
  if (head.type != abi::kAsyncEvent || head.nparams != 3) {
    return refuse(error, "only events of type 402 with 3 parameters can be sent, not of type " + std::to_string(head.type));
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(event);
  const uint64_t lengths[3] = {load<uint32_t>(bytes + 26), load<uint32_t>(bytes + 30), load<uint32_t>(bytes + 34)};
  if (lengths[0] != 4 || lengths[1] == 0 || lengths[1] > kMaxName ||
      head.len != 38 + lengths[0] + lengths[1] + lengths[2]) {
    return refuse(error, "the lengths of the async event do not fit");
  }
  const auto* text = reinterpret_cast<const char*>(bytes + 42);
  const std::string name(text, strnlen(text, lengths[1]));
  if (names_.count(name) == 0) return refuse(error, "the plugin did not declare async events named '" + name + "'");
  if (!threads_ && head.tid != abi::kNone) {
    return refuse(error, "an async event of a plugin's event source can have no thread");
  }
  const uint64_t now = now_ns();
  if (head.ts == abi::kNone) head.ts = now;
  if (head.ts > now + kMaxAheadNs) return refuse(error, "the time of the async event is in the future");
  const uint64_t tid = head.tid;
  const uint32_t name_size = static_cast<uint32_t>(name.size());
  const std::lock_guard<std::mutex> lock(gate_);
  if (!open_.load()) return refuse(error, "no capture is running");
  const bool posted =
      owner_.mail.post(dumping_.load() == std::this_thread::get_id() ? Mail::kStateEvent : Mail::kAsyncEvent, head.ts,
                       {Span{reinterpret_cast<const uint8_t*>(&tid), 8}, Span{reinterpret_cast<const uint8_t*>(&name_size), 4},
                        span_of(name), Span{bytes + 42 + lengths[1], static_cast<size_t>(lengths[2])}});
  return posted ? abi::kSuccess : refuse(error, "too many async events are waiting, or it is too large");
}

void* AsyncWork::subscribe(void* owner, abi::Routine routine, void* routine_state) {
  Owner* self = Owner::of(owner);
  if (self == nullptr || self->async == nullptr || routine == nullptr) return nullptr;
  AsyncWork& work = *self->async;
  const std::lock_guard<std::mutex> lock(work.mutex_);
  auto added = std::make_unique<RoutineThread>();
  RoutineThread* raw = added.get();
  void* state = self->state;
  raw->thread = std::thread([raw, routine, state, routine_state] {
    while (!raw->stop.load() && (routine(state, routine_state) & 0xff) != 0) std::this_thread::yield();
  });
  work.running_.push_back(std::move(added));
  return raw;
}

abi::Rc AsyncWork::unsubscribe(void* owner, void* routine) {
  Owner* self = Owner::of(owner);
  if (self == nullptr || self->async == nullptr) return abi::kFailure;
  AsyncWork& work = *self->async;
  std::unique_ptr<RoutineThread> found;
  {
    const std::lock_guard<std::mutex> lock(work.mutex_);
    const auto at = std::find_if(work.running_.begin(), work.running_.end(),
                                 [routine](const auto& entry) { return entry.get() == routine; });
    if (at == work.running_.end()) return abi::kFailure;
    (*at)->stop.store(true);
    // A routine may end itself: it cannot wait for its own thread, which stop() joins.
    if ((*at)->thread.get_id() == std::this_thread::get_id()) return abi::kSuccess;
    found = std::move(*at);
    work.running_.erase(at);
  }
  found->thread.join();
  return abi::kSuccess;
}

void AsyncWork::join_all() {
  std::vector<std::unique_ptr<RoutineThread>> ending;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending.swap(running_);
  }
  for (const auto& entry : ending) entry->stop.store(true);
  for (const auto& entry : ending) entry->thread.join();
}

}  // namespace peregrine::plugin
