// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "abi.h"

namespace peregrine::plugin {

/** What a library can do; the values are those of Falco. */
enum Capability : uint32_t {
  kSourcing = 1,
  kExtraction = 2,
  kParsing = 4,
  kAsync = 8,
  kListening = 16,
};

/** A failure to load: a code of src/telemetry/errors.ts and a sentence. */
struct LoadFailure {
  const char* code = nullptr;
  std::string message;
};

/** The functions that both interfaces have, in one signature. */
struct CommonSymbols {
  const char* (*get_required_api_version)() = nullptr;
  const char* (*get_version)() = nullptr;
  const char* (*get_name)() = nullptr;
  const char* (*get_description)() = nullptr;
  const char* (*get_contact)() = nullptr;
  const char* (*get_init_schema)(uint32_t* type) = nullptr;
  void (*destroy)(void*) = nullptr;
  const char* (*get_last_error)(void*) = nullptr;
  uint32_t (*get_id)() = nullptr;
  const char* (*get_event_source)() = nullptr;
  void* (*open)(void*, const char*, abi::Rc*) = nullptr;
  void (*close)(void*, void*) = nullptr;
  const char* (*list_open_params)(void*, abi::Rc*) = nullptr;
  const char* (*get_progress)(void*, void*, uint32_t*) = nullptr;
  const char* (*get_extract_event_sources)() = nullptr;
  const char* (*get_fields)() = nullptr;
};

/** What only 3.x has, or has otherwise. */
struct Symbols3 {
  void* (*init)(const abi::InitInput*, abi::Rc*) = nullptr;
  abi::Rc (*next_batch)(void*, void*, uint32_t*, abi::Event***) = nullptr;
  const char* (*event_to_string)(void*, const abi::EventInput*) = nullptr;
  abi::Rc (*extract_fields)(void*, const abi::EventInput*, const abi::ExtractInput*) = nullptr;
  uint16_t* (*get_extract_event_types)(uint32_t*, void*) = nullptr;
  uint16_t* (*get_parse_event_types)(uint32_t*, void*) = nullptr;
  const char* (*get_parse_event_sources)() = nullptr;
  abi::Rc (*parse_event)(void*, const abi::EventInput*, const abi::ParseInput*) = nullptr;
  const char* (*get_async_event_sources)() = nullptr;
  const char* (*get_async_events)() = nullptr;
  abi::Rc (*set_async_event_handler)(void*, void*, abi::AsyncHandler) = nullptr;
  abi::Rc (*dump_state)(void*, void*, abi::AsyncHandler) = nullptr;
  abi::Rc (*set_config)(void*, const abi::SetConfigInput*) = nullptr;
  abi::Metric* (*get_metrics)(void*, uint32_t*) = nullptr;
  abi::Rc (*capture_open)(void*, const abi::ListenInput*) = nullptr;
  abi::Rc (*capture_close)(void*, const abi::ListenInput*) = nullptr;
  const char* (*get_required_event_schema_version)() = nullptr;
};

/** What only 0.3 has, or has otherwise. */
struct Symbols03 {
  uint32_t (*get_type)() = nullptr;
  void* (*init)(const char*, abi::Rc*) = nullptr;
  abi::Rc (*next_batch)(void*, void*, uint32_t*, abi03::Event**) = nullptr;
  const char* (*event_to_string)(void*, const uint8_t*, uint32_t) = nullptr;
  abi::Rc (*extract_fields)(void*, const abi03::Event*, uint32_t, abi03::ExtractField*) = nullptr;
};

/** A version of three numbers. */
struct Version {
  uint32_t major, minor, patch;
};

/** A shared library of a plugin, loaded into this process, with its symbols resolved and its capabilities known. */
class Library {
 public:
  Library() = default;
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  /** Loads `path`. False: see failure(). To be called once. */
  bool load(const char* path);

  const LoadFailure& failure() const { return failure_; }
  /** What it calls itself: asked once, under the lock below, since the text may be overwritten by what is asked next. */
  const std::string& name() const { return name_; }
  bool is_03() const { return api_.major == 0; }
  const Version& api() const { return api_; }
  uint32_t capabilities() const { return capabilities_; }
  const CommonSymbols& common() const { return common_; }
  const Symbols3& v3() const { return v3_; }
  const Symbols03& v03() const { return v03_; }
  /** 0 for a source without ID. */
  uint32_t id() const { return id_; }
  /**
   * To be held while the library describes itself and while states and sources of it begin and end: Falco does all of that in
   * one thread, and SDKs keep what concerns all states without a lock (the Go SDK's table of handles).
   */
  std::mutex& lifecycle() const { return *lifecycle_; }

 private:
  bool fail(const char* code, std::string message);
  template <typename F>
  void resolve(F& function, const char* name);
  bool read_api_version();
  bool require(bool present, const char* name);
  bool load_3();
  bool load_03();

  void* handle_ = nullptr;
  std::shared_ptr<std::mutex> lifecycle_ = std::make_shared<std::mutex>();
  LoadFailure failure_;
  std::string name_;
  Version api_{};
  uint32_t capabilities_ = 0;
  uint32_t id_ = 0;
  CommonSymbols common_;
  Symbols3 v3_;
  Symbols03 v03_;
};

/** The three numbers that a version text begins with (as in 0.7.1-rc2); none where it does not. */
std::optional<Version> parse_version(const std::string& text);

/** A string of the library, cut at `most` bytes; null is "". Reads no further than the string's end or `most`. */
std::string foreign_text(const char* text, size_t most);

constexpr size_t kMaxText = size_t{4} << 20;

}  // namespace peregrine::plugin
