// SPDX-License-Identifier: Apache-2.0
// A plugin in C++ for API 3.x: a source that is quiet, events out of turn from a thread of its own, and a routine that a
// listener of captures runs.
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "abi.h"

namespace {

struct Plugin {
  std::string error;
  std::string config;
  void* owner = nullptr;
  void (*log)(void*, const char*, const char*, uint32_t) = nullptr;
  std::atomic<bool> stop{false};
  std::atomic<int> turns{0};
  std::thread sender;
  void* routine = nullptr;
  void say(const std::string& text) const { log(owner, nullptr, text.c_str(), 6); }
};

std::vector<char> async_event(uint64_t ts, uint64_t tid, const std::string& name, const std::string& data) {
  const uint32_t lengths[3] = {4, static_cast<uint32_t>(name.size() + 1), static_cast<uint32_t>(data.size())};
  std::vector<char> bytes(26 + 12 + 4 + name.size() + 1 + data.size());
  const event_t head{ts, tid, static_cast<uint32_t>(bytes.size()), TYPE_ASYNC_EVENT, 3};
  memcpy(bytes.data(), &head, 26);
  memcpy(bytes.data() + 26, lengths, 12);
  memcpy(bytes.data() + 42, name.c_str(), name.size() + 1);
  memcpy(bytes.data() + 42 + name.size() + 1, data.data(), data.size());
  return bytes;
}

uint32_t turn(void* state, void* routine_state) {
  auto* plugin = static_cast<Plugin*>(state);
  if (routine_state != &plugin->turns) return 0;
  if (++plugin->turns == 3) plugin->say("three turns");
  return plugin->turns < 3 ? 1 : 0;
}

}  // namespace

EXPORT const char* plugin_get_required_api_version() { return "3.0.0"; }
EXPORT const char* plugin_get_name() { return "async"; }
EXPORT const char* plugin_get_version() { return "0.1.0"; }
EXPORT const char* plugin_get_description() { return "Events out of turn"; }
EXPORT const char* plugin_get_contact() { return "nobody"; }
EXPORT uint32_t plugin_get_id() { return 997; }
EXPORT const char* plugin_get_event_source() { return "quiet"; }
EXPORT const char* plugin_get_async_events() { return "[\"begun\", \"tick\"]"; }
EXPORT const char* plugin_get_async_event_sources() { return "[\"other\"]"; }

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  auto* plugin = new Plugin();
  plugin->owner = in->owner;
  plugin->log = in->log;
  plugin->config = in->config;
  *rc = in->tables == nullptr ? RC_SUCCESS : RC_FAILURE;
  plugin->error = "tables were given to a plugin that neither parses nor extracts";
  return plugin;
}
EXPORT void plugin_destroy(void* state) { delete static_cast<Plugin*>(state); }
EXPORT const char* plugin_get_last_error(void* state) { return static_cast<Plugin*>(state)->error.c_str(); }

EXPORT int32_t plugin_set_async_event_handler(void* state, void* owner, async_handler_t handler) {
  auto* plugin = static_cast<Plugin*>(state);
  if (plugin->sender.joinable()) {
    plugin->stop = true;
    plugin->sender.join();
  }
  if (handler == nullptr) return RC_SUCCESS;
  plugin->stop = false;
  plugin->sender = std::thread([plugin, owner, handler] {
    char error[1024] = "";
    const auto send = [&](uint64_t ts, uint64_t tid, const char* name, const std::string& data) {
      error[0] = 0;
      const auto bytes = async_event(ts, tid, name, data);
      const int32_t rc = handler(owner, reinterpret_cast<const event_t*>(bytes.data()), error);
      if (rc != RC_SUCCESS) plugin->say(std::string("refused: ") + error);
    };
    send(UINT64_MAX, UINT64_MAX, "begun", "");
    send(5, UINT64_MAX, "undeclared", "x");
    send(5, 17, "tick", "with a thread");
    send(UINT64_MAX - 1, UINT64_MAX, "tick", "in the future");
    auto lies = async_event(5, UINT64_MAX, "tick", "lies");
    const uint32_t large = 0x7fffffff;
    memcpy(lies.data() + 34, &large, 4);
    if (handler(owner, reinterpret_cast<const event_t*>(lies.data()), error) != RC_SUCCESS) {
      plugin->say(std::string("refused: ") + error);
    }
    for (uint64_t i = 0; i < 1000 && !plugin->stop; i++) send(1000 + i, UINT64_MAX, "tick", "tick " + std::to_string(i));
    while (!plugin->stop) usleep(1000);
    handler(owner, reinterpret_cast<const event_t*>(async_event(7, UINT64_MAX, "tick", "last").data()), error);
  });
  return RC_SUCCESS;
}

#ifdef DUMP
EXPORT int32_t plugin_dump_state(void*, void* owner, async_handler_t handler) {
  char error[1024] = "";
  for (uint64_t i = 0; i < DUMP; i++) {
    const auto bytes = async_event(UINT64_MAX, UINT64_MAX, "begun", "state " + std::to_string(i));
    if (handler(owner, reinterpret_cast<const event_t*>(bytes.data()), error) != RC_SUCCESS) return RC_FAILURE;
  }
  return RC_SUCCESS;
}
#endif

EXPORT int32_t plugin_capture_open(void* state, const listen_input_t* in) {
  auto* plugin = static_cast<Plugin*>(state);
  plugin->say("capture open");
  plugin->routine = in->routine->subscribe(in->owner, turn, &plugin->turns);
  return plugin->routine == nullptr ? RC_FAILURE : RC_SUCCESS;
}
EXPORT int32_t plugin_capture_close(void* state, const listen_input_t* in) {
  auto* plugin = static_cast<Plugin*>(state);
  const int32_t rc = in->routine->unsubscribe(in->owner, plugin->routine);
  plugin->say("capture closed after " + std::to_string(plugin->turns) + " turns, " + std::to_string(rc));
  return RC_SUCCESS;
}

EXPORT void* plugin_open(void*, const char*, int32_t* rc) {
  *rc = RC_SUCCESS;
  return nullptr;
}
EXPORT void plugin_close(void*, void*) {}
EXPORT int32_t plugin_next_batch(void*, void*, uint32_t*, event_t***) {
  usleep(1000);
#ifdef TICKS
  static int calls = 0;
  if (++calls > 500) return RC_EOF;
#endif
  return RC_TIMEOUT;
}
