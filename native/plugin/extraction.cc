// SPDX-License-Identifier: Apache-2.0
#include "extraction.h"

#include "table_api.h"
#include "upcall.h"

namespace peregrine::plugin {

namespace {

/** More elements than this in one list are a count that lies. */
constexpr uint64_t kMaxElements = uint64_t{1} << 20;
constexpr uint32_t kMaxWanted = 65536;
/** API 0.3 fills text and number side by side. */
constexpr uint32_t kText03 = abi::kString;

}  // namespace

bool Extraction::want(Cursor& request) {
  sources_.clear();
  wanted_.clear();
  const uint32_t sources = request.take<uint32_t>();
  for (uint32_t i = 0; i < sources && !request.failed(); i++) sources_.push_back(take_text(request));
  const uint32_t count = request.take<uint32_t>();
  if (count > kMaxWanted) return false;
  for (uint32_t i = 0; i < count && !request.failed(); i++) {
    Wanted field;
    field.id = request.take<uint32_t>();
    field.type = request.take<uint32_t>();
    field.list = request.take<uint32_t>() != 0;
    field.has_argument = request.take<uint32_t>() != 0;
    field.is_key = request.take<uint32_t>() != 0;
    field.index = request.take<uint64_t>();
    field.name = take_text(request);
    field.argument = take_text(request);
    wanted_.push_back(std::move(field));
  }
  fields_.assign(wanted_.size(), {});
  fields03_.assign(wanted_.size(), {});
  return !request.failed();
}

bool Extraction::take_event(Cursor& request, EventImage& event) const {
  event.number = request.take<uint64_t>();
  event.time = request.take<uint64_t>();
  const uint32_t given = request.take<uint32_t>();
  const uint32_t source = given & ~(kParse | kExtract);
  event.what = given & (kParse | kExtract);
  const uint32_t size = request.take<uint32_t>();
  const Span image = request.bytes(size);
  request.bytes(padded(size) - size);
  if (request.failed() || source >= sources_.size() || size < sizeof(abi::Event)) return false;
  event.source = sources_[source].c_str();
  event.bytes = image.data;
  event.size = image.size;
  return true;
}

bool Extraction::extract(Cursor& request, Writer& answer) {
  const uint32_t count = request.take<uint32_t>();
  request.take<uint32_t>();
  if (request.failed() || count > request.left()) return false;
  const size_t places = answer.reserve(count);
  for (uint32_t i = 0; i < count; i++) {
    EventImage event;
    if (!take_event(request, event)) return false;
    extract_event(event, places + size_t{4} * i, answer);
  }
  return true;
}

bool Extraction::parse(Cursor& request, Writer& answer) {
  const uint32_t count = request.take<uint32_t>();
  request.take<uint32_t>();
  if (request.failed() || count > request.left()) return false;
  const size_t places = answer.reserve(count);
  for (uint32_t i = 0; i < count; i++) {
    EventImage event;
    if (!take_event(request, event)) return false;
    if ((event.what & kParse) != 0) parse_event(event);
    if ((event.what & kExtract) != 0) extract_event(event, places + size_t{4} * i, answer);
  }
  return true;
}

/** A parser's failure is its own affair. */
void Extraction::parse_event(const EventImage& event) {
  if (owner_.library.v3().parse_event == nullptr) return;
  upcall_.set_event(event.number);
  const abi::EventInput input{reinterpret_cast<const abi::Event*>(event.bytes), event.number, event.source};
  abi::ParseInput in{};
  in.owner = &owner_;
  in.get_owner_last_error = Owner::get_last_error;
  in.table_reader = tables_.reader.base;
  in.table_writer = tables_.writer;
  in.table_reader_ext = &tables_.reader;
  in.table_writer_ext = &tables_.writer;
  owner_.library.v3().parse_event(owner_.state, &input, &in);
  tables_.end_call();
}

/** Writes the event's table and the word at `place` that tells where it is. */
void Extraction::extract_event(const EventImage& event, size_t place, Writer& answer) {
  upcall_.set_event(event.number);
  error_.clear();
  const size_t table = answer.reserve(1 + wanted_.size());
  answer.set(place, static_cast<uint32_t>(table / 4));
  if (owner_.library.is_03()) {
    extract_03(event, table, answer);
  } else {
    extract_3(event, table, answer);
  }
  tables_.end_call();
  if (error_.empty() || answer.full()) return;
  answer.set(table, static_cast<uint32_t>(answer.size() / 4));
  answer.text(error_);
}

void Extraction::note(std::string error) {
  if (error_.empty()) error_ = std::move(error);
}

void Extraction::prepare(size_t i) {
  const Wanted& wanted = wanted_[i];
  abi::ExtractField& field = fields_[i];
  field = {};
  field.field_id = wanted.id;
  field.field = wanted.name.c_str();
  field.arg_key = wanted.has_argument && wanted.is_key ? wanted.argument.c_str() : nullptr;
  field.arg_index = wanted.index;
  field.arg_present = wanted.has_argument ? 1 : 0;
  field.ftype = wanted.type;
  field.flist = wanted.list ? 1 : 0;
}

bool Extraction::call_3(const EventImage& event, size_t first, size_t count) {
  const abi::EventInput input{reinterpret_cast<const abi::Event*>(event.bytes), event.number, event.source};
  abi::ExtractInput in{};
  in.owner = &owner_;
  in.get_owner_last_error = Owner::get_last_error;
  in.num_fields = static_cast<uint32_t>(count);
  in.fields = fields_.data() + first;
  in.table_reader = tables_.reader.base;
  in.table_reader_ext = &tables_.reader;
  const abi::Rc rc = owner_.library.v3().extract_fields(owner_.state, &input, &in);
  if (rc != abi::kSuccess) note(owner_.plugin_error());
  return rc == abi::kSuccess;
}

void Extraction::extract_3(const EventImage& event, size_t table, Writer& answer) {
  for (size_t i = 0; i < wanted_.size(); i++) prepare(i);
  if (call_3(event, 0, wanted_.size())) {
    for (size_t i = 0; i < wanted_.size(); i++) take_value(i, table, answer);
    return;
  }
  // One field that fails may have kept the others from being extracted: each is asked for alone. The results of a call stay
  // valid until the next one only.
  if (wanted_.size() < 2) return;
  for (size_t i = 0; i < wanted_.size(); i++) {
    prepare(i);
    if (call_3(event, i, 1)) take_value(i, table, answer);
  }
}

void Extraction::take_value(size_t i, size_t table, Writer& answer) {
  const abi::ExtractField& field = fields_[i];
  const Wanted& wanted = wanted_[i];
  const uint64_t count = field.res_len;
  if (count == 0) return;
  if (!wanted.list && count > 1) return note("field " + wanted.name + " is no list, but has several values");
  if (count > kMaxElements) return note("field " + wanted.name + " has a count of values that cannot be");
  if (field.res.any == nullptr) return note("field " + wanted.name + " has values, but no address of them");
  const size_t place = answer.size();
  answer.word(static_cast<uint32_t>(count));
  // The type is ours: what the library wrote over it is of no concern.
  abi::ExtractField typed = field;
  typed.ftype = wanted.type;
  for (uint64_t k = 0; k < count && !answer.full(); k++) {
    if (write_element(typed, k, answer)) continue;
    answer.rewind(place);
    return note("field " + wanted.name + " has a value without end, or of a wrong size");
  }
  if (answer.full()) {
    answer.rewind(place);
    return note("field " + wanted.name + " has a value that is too large");
  }
  answer.set(table + 4 * (1 + i), static_cast<uint32_t>(place / 4));
}

bool Extraction::write_element(const abi::ExtractField& field, size_t k, Writer& answer) {
  switch (field.ftype) {
    case abi::kString: {
      const char* text = field.res.str[k];
      const size_t size = text == nullptr ? 0 : strnlen(text, kMaxText);
      if (size == kMaxText) return false;
      answer.bytes(text, size);
      return true;
    }
    case abi::kBool:
      answer.word(field.res.boolean[k] != 0 ? 1 : 0);
      return true;
    case abi::kIpAddr:
    case abi::kIpNet: {
      const abi::ByteBuffer& buffer = field.res.buf[k];
      const uint32_t unit = field.ftype == abi::kIpAddr ? 4 : 8;
      if (buffer.ptr == nullptr || (buffer.len != unit && buffer.len != 4 * unit)) return false;
      answer.bytes(buffer.ptr, buffer.len);
      return true;
    }
    default:
      answer.wide(field.res.u64[k]);
      return true;
  }
}

void Extraction::extract_03(const EventImage& event, size_t table, Writer& answer) {
  const abi03::Event input{event.number, event.data(), static_cast<uint32_t>(event.data_size()), event.time};
  for (size_t i = 0; i < wanted_.size(); i++) {
    const Wanted& wanted = wanted_[i];
    abi03::ExtractField& field = fields03_[i];
    field = {};
    field.field_id = wanted.id;
    field.field = wanted.name.c_str();
    field.arg = wanted.has_argument ? wanted.argument.c_str() : nullptr;
    field.ftype = wanted.type;
    // One field a call, as 0.31 does: a failure of one leaves the others.
    if (owner_.library.v03().extract_fields(owner_.state, &input, 1, &field) != abi::kSuccess) {
      note(owner_.plugin_error());
      continue;
    }
    // Any byte may stand for a bool that the library wrote.
    uint8_t present = 0;
    std::memcpy(&present, &field.field_present, 1);
    if (present == 0) continue;
    const size_t place = answer.size();
    answer.word(1);
    if (wanted.type == kText03) {
      const size_t size = field.res_str == nullptr ? 0 : strnlen(field.res_str, kMaxText);
      if (size == kMaxText) {
        answer.rewind(place);
        note("field " + wanted.name + " has a value without end");
        continue;
      }
      answer.bytes(field.res_str, size);
    } else {
      answer.wide(field.res_u64);
    }
    if (answer.full()) {
      answer.rewind(place);
      note("field " + wanted.name + " has a value that is too large");
      continue;
    }
    answer.set(table + 4 * (1 + i), static_cast<uint32_t>(place / 4));
  }
}

}  // namespace peregrine::plugin
