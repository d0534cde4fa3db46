// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include <algorithm>

namespace peregrine::plugin {

namespace {

constexpr uint64_t kPostEveryNs = 500000000;
constexpr uint32_t kMaxEventTypes = 4096;
constexpr uint32_t kMaxMetrics = 4096;

std::string text_from(const char* (*get)()) { return get == nullptr ? std::string() : foreign_text(get(), kMaxText); }

/** 16-bit event types that a library returns; a count that cannot be is taken as none. */
void write_types(uint16_t* (*get)(uint32_t*, void*), void* state, Writer& answer) {
  uint32_t count = 0;
  const uint16_t* types = get == nullptr ? nullptr : get(&count, state);
  if (types == nullptr || count > kMaxEventTypes) count = 0;
  answer.word(count);
  for (uint32_t i = 0; i < count; i++) answer.word(types[i]);
}

double number_of(const abi::Metric& metric) {
  switch (metric.value_type) {
    case 0:
      return metric.value.u32;
    case 1:
      return metric.value.s32;
    case 2:
      return static_cast<double>(metric.value.u64);
    case 3:
      return static_cast<double>(metric.value.s64);
    case 4:
      return metric.value.d;
    case 5:
      return metric.value.f;
    default:
      return metric.value.i;
  }
}

}  // namespace

Session::Session(const Library& library, Channel& channel)
    : library_(library),
      channel_(channel),
      owner_(library, channel),
      upcall_(channel),
      tables_(owner_),
      extraction_(owner_, tables_, upcall_),
      sourcing_(owner_, channel) {
  served_ = channel.answered.load(std::memory_order_relaxed);
  tables_.add(std::make_unique<ThreadsTable>(owner_, upcall_));
}

Session::~Session() { end(); }

void Session::end() {
  if (async_ != nullptr) async_->stop();
  sourcing_.close();
  const std::lock_guard<std::mutex> held(library_.lifecycle());
  if (owner_.state != nullptr) library_.common().destroy(owner_.state);
  owner_.state = nullptr;
}

bool Session::asked() const { return channel_.asked.load(std::memory_order_acquire) != served_; }

void Session::serve() {
  served_ = channel_.asked.load(std::memory_order_acquire);
  const size_t size = std::min<size_t>(channel_.request_size, Channel::kRequestBytes);
  Cursor request({channel_.request(), size});
  Writer answer(channel_.response(), Channel::kResponseBytes);
  upcall_.begin_call();
  int32_t status = run(static_cast<Operation>(channel_.operation), request, answer);
  tables_.end_call();
  upcall_.end_call();
  if (answer.full()) status = kTooLarge;
  channel_.response_status = status;
  channel_.response_size = static_cast<uint32_t>(answer.size());
  channel_.answered.store(served_, std::memory_order_release);
  channel_.to_engine.ring();
  post_now_and_then();
}

Pumped Session::step() {
  const Pumped done = sourcing_.step();
  if (done == Pumped::kNothing) return done;
  if (channel_.source.load(std::memory_order_relaxed) == SourceStatus::kRunning) {
    post_now_and_then();
  } else {
    post_metrics();
    post_progress();
  }
  return done;
}

int32_t Session::run(Operation operation, Cursor& request, Writer& answer) {
  if (operation == Operation::kDescribe) return describe(answer);
  if (operation == Operation::kInit) return init(request, answer);
  if (owner_.state == nullptr) return kBadRequest;
  switch (operation) {
    case Operation::kWant:
      return extraction_.want(request) ? abi::kSuccess : kBadRequest;
    case Operation::kExtract:
      return extraction_.extract(request, answer) ? abi::kSuccess : kBadRequest;
    case Operation::kOpen:
      return open(request, answer);
    case Operation::kClose:
      sourcing_.close();
      return abi::kSuccess;
    case Operation::kListOpenParams:
      return list_open_params(answer);
    case Operation::kSource:
      answer.text(sourcing_.error());
      return abi::kSuccess;
    case Operation::kEventToString:
      return event_to_string(request, answer);
    case Operation::kSetConfig:
      return set_config(request, answer);
    case Operation::kStart:
      return start(request, answer);
    case Operation::kStop:
      if (async_ != nullptr) async_->stop();
      return abi::kSuccess;
    case Operation::kParse:
      return parse(request, answer);
    case Operation::kDump:
      return dump(answer);
    case Operation::kMetrics:
      post_metrics();
      post_progress();
      return abi::kSuccess;
    default:
      return kBadRequest;
  }
}

/** The order of values is that of src/plugins/library/describe.ts. */
int32_t Session::describe(Writer& answer) {
  const std::lock_guard<std::mutex> held(library_.lifecycle());
  const CommonSymbols& common = library_.common();
  answer.word(library_.is_03() ? 0 : 3);
  answer.word(library_.capabilities());
  answer.word(library_.id());
  uint32_t schema_type = 0;
  const std::string schema =
      common.get_init_schema == nullptr ? "" : foreign_text(common.get_init_schema(&schema_type), kMaxText);
  answer.word(schema_type);
  answer.text(schema);
  answer.text(text_from(common.get_required_api_version));
  answer.text(text_from(common.get_name));
  answer.text(text_from(common.get_version));
  answer.text(text_from(common.get_description));
  answer.text(text_from(common.get_contact));
  answer.text((library_.capabilities() & kSourcing) != 0 ? text_from(common.get_event_source) : "");
  answer.text((library_.capabilities() & kExtraction) != 0 ? text_from(common.get_fields) : "");
  answer.text(text_from(common.get_extract_event_sources));
  answer.text(text_from(library_.v3().get_parse_event_sources));
  answer.text((library_.capabilities() & kAsync) != 0 ? text_from(library_.v3().get_async_events) : "");
  answer.text(text_from(library_.v3().get_async_event_sources));
  answer.text(text_from(library_.v3().get_required_event_schema_version));
  return abi::kSuccess;
}

int32_t Session::init(Cursor& request, Writer& answer) {
  if (owner_.state != nullptr) return kBadRequest;
  config_ = take_text(request);
  if (request.failed()) return kBadRequest;
  const std::lock_guard<std::mutex> held(library_.lifecycle());
  abi::Rc rc = abi::kSuccess;
  if (library_.is_03()) {
    owner_.state = library_.v03().init(config_.c_str(), &rc);
  } else {
    abi::InitInput in{};
    in.config = config_.c_str();
    in.owner = &owner_;
    in.get_owner_last_error = Owner::get_last_error;
    in.tables = (library_.capabilities() & (kExtraction | kParsing)) != 0 ? &tables_.init : nullptr;
    in.log_fn = Owner::log;
    owner_.state = library_.v3().init(&in, &rc);
  }
  if (rc != abi::kSuccess || owner_.state == nullptr) {
    answer.text(owner_.plugin_error());
    if (owner_.state != nullptr) library_.common().destroy(owner_.state);
    owner_.state = nullptr;
    return rc == abi::kSuccess ? abi::kFailure : rc;
  }
  answer.text("");
  write_types(library_.v3().get_extract_event_types, owner_.state, answer);
  write_types(library_.v3().get_parse_event_types, owner_.state, answer);
  answer.word(tables_.used() ? 1 : 0);
  return abi::kSuccess;
}

int32_t Session::open(Cursor& request, Writer& answer) {
  if ((library_.capabilities() & kSourcing) == 0) return kBadRequest;
  const std::string parameters = take_text(request);
  if (request.failed()) return kBadRequest;
  const abi::Rc rc = sourcing_.open(parameters);
  if (rc != abi::kSuccess) answer.text(sourcing_.error());
  return rc;
}

int32_t Session::list_open_params(Writer& answer) {
  if (library_.common().list_open_params == nullptr) return abi::kNotSupported;
  abi::Rc rc = abi::kSuccess;
  const std::string text = foreign_text(library_.common().list_open_params(owner_.state, &rc), kMaxText);
  answer.text(rc == abi::kSuccess ? text : owner_.plugin_error());
  return rc;
}

int32_t Session::event_to_string(Cursor& request, Writer& answer) {
  EventImage event;
  // A batch of one.
  if (request.take<uint64_t>() != 1 || !extraction_.take_event(request, event)) return kBadRequest;
  if (library_.is_03()) {
    const auto size = static_cast<uint32_t>(event.data_size());
    answer.text(foreign_text(library_.v03().event_to_string(owner_.state, event.data(), size), kMaxText));
    return abi::kSuccess;
  }
  if (library_.v3().event_to_string == nullptr) return abi::kNotSupported;
  const abi::EventInput in{reinterpret_cast<const abi::Event*>(event.bytes), event.number, event.source};
  answer.text(foreign_text(library_.v3().event_to_string(owner_.state, &in), kMaxText));
  return abi::kSuccess;
}

int32_t Session::set_config(Cursor& request, Writer& answer) {
  if (library_.v3().set_config == nullptr) return abi::kNotSupported;
  const std::string config = take_text(request);
  if (request.failed()) return kBadRequest;
  const abi::SetConfigInput in{config.c_str()};
  const abi::Rc rc = library_.v3().set_config(owner_.state, &in);
  answer.text(rc == abi::kSuccess ? "" : owner_.plugin_error());
  return rc;
}

int32_t Session::start(Cursor& request, Writer& answer) {
  const bool threads = request.take<uint32_t>() != 0;
  const uint32_t count = request.take<uint32_t>();
  std::set<std::string> names;
  for (uint32_t i = 0; i < count && !request.failed(); i++) names.insert(take_text(request));
  if (request.failed()) return kBadRequest;
  if (async_ == nullptr) async_ = std::make_unique<AsyncWork>(owner_, tables_);
  const abi::Rc rc = async_->start(std::move(names), threads);
  if (rc != abi::kSuccess) answer.text(owner_.plugin_error());
  return rc;
}

int32_t Session::dump(Writer& answer) {
  if (async_ == nullptr) return kBadRequest;
  const abi::Rc rc = async_->dump_state();
  if (rc != abi::kSuccess && rc != abi::kNotSupported) answer.text(owner_.plugin_error());
  return rc;
}

int32_t Session::parse(Cursor& request, Writer& answer) {
  if ((library_.capabilities() & (kParsing | kExtraction)) == 0) return kBadRequest;
  return extraction_.parse(request, answer) ? abi::kSuccess : kBadRequest;
}

void Session::post_now_and_then() {
  const uint64_t now = monotonic_ns();
  if (now - posted_at_ < kPostEveryNs) return;
  posted_at_ = now;
  post_metrics();
  post_progress();
}

/** All metrics in one message: for each a u32 kind (0 counter, 1 gauge), the number as a double, and its name. */
void Session::post_metrics() {
  if (library_.v3().get_metrics == nullptr || owner_.state == nullptr) return;
  uint32_t count = 0;
  const abi::Metric* metrics = library_.v3().get_metrics(owner_.state, &count);
  if (metrics == nullptr || count > kMaxMetrics) return;
  std::vector<uint8_t> bytes(size_t{count} * 160 + 4);
  Writer writer(bytes.data(), bytes.size());
  writer.word(count);
  for (uint32_t i = 0; i < count; i++) {
    const double value = number_of(metrics[i]);
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    writer.word(metrics[i].type);
    writer.wide(bits);
    writer.text(foreign_text(metrics[i].name, 128));
  }
  if (!writer.full()) owner_.mail.post(Mail::kMetrics, 0, {Span{bytes.data(), writer.size()}});
}

void Session::post_progress() {
  std::string text;
  uint32_t hundredths = 0;
  if (sourcing_.progress(text, hundredths)) owner_.mail.post(Mail::kProgress, hundredths, {span_of(text)});
}

}  // namespace peregrine::plugin
