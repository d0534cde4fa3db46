// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include <dlfcn.h>

#include <cstring>
#include <map>

namespace peregrine::plugin {

namespace {

constexpr Version kFramework3{3, 12, 0};
constexpr Version kFramework03{0, 3, 0};
constexpr size_t kMaxNameBytes = 16384;

std::string text_of(const Version& v) {
  return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
}

/**
 * The lock of a loaded library. dlopen loads a file once for the whole process, however many threads of whichever environment
 * ask for it, so what belongs to the file belongs to the process.
 */
std::shared_ptr<std::mutex> lock_of(void* handle) {
  static std::mutex mutex;
  static std::map<void*, std::shared_ptr<std::mutex>> locks;
  const std::lock_guard<std::mutex> held(mutex);
  std::shared_ptr<std::mutex>& lock = locks[handle];
  if (lock == nullptr) lock = std::make_shared<std::mutex>();
  return lock;
}

}  // namespace

std::string foreign_text(const char* text, size_t most) {
  return text == nullptr ? std::string() : std::string(text, strnlen(text, most));
}

std::optional<Version> parse_version(const std::string& text) {
  uint32_t parts[3] = {0, 0, 0};
  size_t at = 0;
  for (size_t i = 0; i < 3; i++) {
    if (i > 0 && (at >= text.size() || text[at++] != '.')) return std::nullopt;
    const size_t start = at;
    uint64_t value = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 10) {
      value = value * 10 + static_cast<uint64_t>(text[at++] - '0');
    }
    if (at == start || value > UINT32_MAX) return std::nullopt;
    parts[i] = static_cast<uint32_t>(value);
  }
  return Version{parts[0], parts[1], parts[2]};
}

Library::~Library() {
  // Never unloaded: a library may have threads that run on (Go's do), and code of it may be in an exit handler.
}

bool Library::fail(const char* code, std::string message) {
  failure_ = {code, std::move(message)};
  return false;
}

template <typename F>
void Library::resolve(F& function, const char* name) {
  const std::string symbol = std::string("plugin_") + name;
  function = reinterpret_cast<F>(dlsym(handle_, symbol.c_str()));
}

bool Library::require(bool present, const char* name) {
  return present || fail("LIBRARY_SYMBOL", std::string("symbol not implemented: ") + name);
}

bool Library::load(const char* path) {
  handle_ = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    const char* why = dlerror();
    return fail("LIBRARY_OPEN", std::string("can't load plugin dynamic library: ") + (why == nullptr ? "" : why));
  }
  lifecycle_ = lock_of(handle_);
  const std::lock_guard<std::mutex> held(*lifecycle_);
  resolve(common_.get_required_api_version, "get_required_api_version");
  resolve(common_.get_version, "get_version");
  resolve(common_.get_name, "get_name");
  resolve(common_.get_description, "get_description");
  resolve(common_.get_contact, "get_contact");
  resolve(common_.get_init_schema, "get_init_schema");
  resolve(common_.destroy, "destroy");
  resolve(common_.get_last_error, "get_last_error");
  resolve(common_.get_id, "get_id");
  resolve(common_.get_event_source, "get_event_source");
  resolve(common_.open, "open");
  resolve(common_.close, "close");
  resolve(common_.list_open_params, "list_open_params");
  resolve(common_.get_progress, "get_progress");
  resolve(common_.get_extract_event_sources, "get_extract_event_sources");
  resolve(common_.get_fields, "get_fields");
  if (!read_api_version()) return false;
  if (is_03()) {
    resolve(v03_.init, "init");
  } else {
    resolve(v3_.init, "init");
  }
  const bool common = require(common_.get_version != nullptr, "get_version") &&
                      require(common_.get_name != nullptr, "get_name") &&
                      require(common_.get_description != nullptr, "get_description") &&
                      require(common_.get_contact != nullptr, "get_contact") &&
                      require(v03_.init != nullptr || v3_.init != nullptr, "init") &&
                      require(common_.destroy != nullptr, "destroy") &&
                      require(common_.get_last_error != nullptr, "get_last_error");
  if (!common) return false;
  name_ = foreign_text(common_.get_name(), kMaxNameBytes);
  return is_03() ? load_03() : load_3();
}

bool Library::read_api_version() {
  if (common_.get_required_api_version == nullptr) {
    return fail("LIBRARY_SYMBOL", "plugin_get_required_api_version symbol not implemented");
  }
  const std::string text = foreign_text(common_.get_required_api_version(), abi::kMaxErrorBytes);
  const std::optional<Version> asked = parse_version(text);
  if (!asked) return fail("LIBRARY_API_VERSION", "plugin provided an invalid required API version: '" + text + "'");
  const Version& ours = asked->major == kFramework03.major ? kFramework03 : kFramework3;
  const char* why = nullptr;
  if (asked->major != ours.major) {
    why = "major versions disagree";
  } else if (ours.minor < asked->minor) {
    why = "framework's minor is less than the requested one";
  } else if (ours.minor == asked->minor && ours.patch < asked->patch) {
    why = "framework's patch is less than the requested one";
  }
  if (why != nullptr) {
    return fail("LIBRARY_API_VERSION", "plugin required API version '" + text +
                                           "' not compatible with the framework's API version '" + text_of(ours) +
                                           "': " + why);
  }
  api_ = *asked;
  return true;
}

bool Library::load_3() {
  resolve(v3_.next_batch, "next_batch");
  resolve(v3_.event_to_string, "event_to_string");
  resolve(v3_.extract_fields, "extract_fields");
  resolve(v3_.get_extract_event_types, "get_extract_event_types");
  resolve(v3_.get_parse_event_types, "get_parse_event_types");
  resolve(v3_.get_parse_event_sources, "get_parse_event_sources");
  resolve(v3_.parse_event, "parse_event");
  resolve(v3_.get_async_event_sources, "get_async_event_sources");
  resolve(v3_.get_async_events, "get_async_events");
  resolve(v3_.set_async_event_handler, "set_async_event_handler");
  resolve(v3_.dump_state, "dump_state");
  resolve(v3_.set_config, "set_config");
  resolve(v3_.get_metrics, "get_metrics");
  resolve(v3_.capture_open, "capture_open");
  resolve(v3_.capture_close, "capture_close");
  resolve(v3_.get_required_event_schema_version, "get_required_event_schema_version");

  std::string broken;
  const auto say = [&broken](const char* what) { broken += (broken.empty() ? "" : ", ") + std::string(what); };
  const int source = (common_.open != nullptr) + (common_.close != nullptr) + (v3_.next_batch != nullptr);
  if (source == 3) {
    id_ = common_.get_id == nullptr ? 0 : common_.get_id();
    const bool named = common_.get_event_source != nullptr && !foreign_text(common_.get_event_source(), 1).empty();
    if ((id_ != 0) == named) {
      capabilities_ |= kSourcing;
    } else {
      say("must implement both 'plugin_get_id' and 'plugin_get_event_source' or neither (event sourcing)");
    }
  } else if (source > 0) {
    say("must implement all of 'plugin_open', 'plugin_close', and 'plugin_next_batch' (event sourcing)");
  }
  if (v3_.extract_fields != nullptr) {
    if (common_.get_fields != nullptr) {
      capabilities_ |= kExtraction;
    } else {
      say("must implement both 'plugin_get_fields' and 'plugin_extract_fields' (field extraction)");
    }
  }
  if (v3_.parse_event != nullptr) capabilities_ |= kParsing;
  if (v3_.set_async_event_handler != nullptr) {
    if (v3_.get_async_events != nullptr) {
      capabilities_ |= kAsync;
    } else {
      say("must implement both 'plugin_get_async_events' and 'plugin_set_async_event_handler' (async events)");
    }
  }
  if (v3_.capture_open != nullptr) {
    if (v3_.capture_close != nullptr) {
      capabilities_ |= kListening;
    } else {
      say("must implement both 'plugin_capture_open' and 'plugin_capture_close' (capture listening)");
    }
  }
  if (!broken.empty()) return fail("LIBRARY_SYMBOL", "broken plugin capabilities: " + broken);
  return capabilities_ != 0 || fail("LIBRARY_SYMBOL", "plugin does not implement any capability");
}

bool Library::load_03() {
  resolve(v03_.get_type, "get_type");
  resolve(v03_.next_batch, "next_batch");
  resolve(v03_.event_to_string, "event_to_string");
  resolve(v03_.extract_fields, "extract_fields");
  if (!require(v03_.get_type != nullptr, "get_type")) return false;
  const uint32_t type = v03_.get_type();
  if (type == abi03::kSourceType) {
    const bool whole = require(common_.get_id != nullptr, "get_id") &&
                       require(common_.get_event_source != nullptr, "get_event_source") &&
                       require(common_.open != nullptr, "open") && require(common_.close != nullptr, "close") &&
                       require(v03_.next_batch != nullptr, "next_batch") &&
                       require(v03_.event_to_string != nullptr, "event_to_string");
    if (!whole) return false;
    capabilities_ = kSourcing;
    id_ = common_.get_id();
    if (common_.get_fields != nullptr && v03_.extract_fields != nullptr) capabilities_ |= kExtraction;
    return true;
  }
  if (type == abi03::kExtractorType) {
    capabilities_ = kExtraction;
    return require(common_.get_fields != nullptr, "get_fields") &&
           require(v03_.extract_fields != nullptr, "extract_fields");
  }
  return fail("LIBRARY_SYMBOL", "plugin has an unknown type: " + std::to_string(type));
}

}  // namespace peregrine::plugin
