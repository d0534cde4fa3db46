// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "owner.h"
#include "wire.h"

namespace peregrine::plugin {

class TableApi;
class Upcall;

/** An event of a request: the image that 3.x is given, which holds the data that 0.3 is given. */
struct EventImage {
  uint64_t number = 0;
  uint64_t time = 0;
  const char* source = nullptr;
  /** kParse, kExtract. */
  uint32_t what = 0;
  const uint8_t* bytes = nullptr;
  size_t size = 0;

  const uint8_t* data() const { return size < abi::kPluginEventData ? bytes : bytes + abi::kPluginEventData; }
  size_t data_size() const { return size < abi::kPluginEventData ? 0 : size - abi::kPluginEventData; }
};

/**
 * Extracts the wanted fields of events.
 *
 * A request: u32 count, u32 0, then for each event u64 number, u64 time, u32 source, u32 size, and `size` bytes of image,
 * padded to 8. The answer, in words: the place of each event's table; a table is the place of its error text (0: none) and
 * for each wanted field the place of its value (0: absent); a value is a count and its elements.
 */
class Extraction {
 public:
  Extraction(Owner& owner, TableApi& tables, Upcall& upcall) : owner_(owner), tables_(tables), upcall_(upcall) {}

  /** Names of sources and wanted fields. False: the request makes no sense. */
  bool want(Cursor& request);
  /** False: the request makes no sense. */
  bool extract(Cursor& request, Writer& answer);
  /**
   * Lets the plugin parse each event, and extracts the wanted fields behind it: what they say may depend on what was parsed up
   * to there. The upper bits of an event's source tell what to do with it: kParse, kExtract. An event that is not extracted
   * from has no table.
   */
  bool parse(Cursor& request, Writer& answer);
  static constexpr uint32_t kParse = 0x40000000;
  static constexpr uint32_t kExtract = 0x80000000;

  /** Reads one event of a request; false where it does not fit. */
  bool take_event(Cursor& request, EventImage& event) const;

 private:
  struct Wanted {
    uint32_t id = 0;
    uint32_t type = 0;
    bool list = false;
    std::string name;
    bool has_argument = false;
    bool is_key = false;
    std::string argument;
    uint64_t index = abi::kNone;
  };

  void extract_event(const EventImage& event, size_t place, Writer& answer);
  void parse_event(const EventImage& event);
  void extract_3(const EventImage& event, size_t table, Writer& answer);
  void extract_03(const EventImage& event, size_t table, Writer& answer);
  void prepare(size_t i);
  bool call_3(const EventImage& event, size_t first, size_t count);
  void take_value(size_t i, size_t table, Writer& answer);
  bool write_element(const abi::ExtractField& field, size_t k, Writer& answer);
  void note(std::string error);

  Owner& owner_;
  TableApi& tables_;
  Upcall& upcall_;
  std::vector<std::string> sources_;
  std::vector<Wanted> wanted_;
  std::vector<abi::ExtractField> fields_;
  std::vector<abi03::ExtractField> fields03_;
  std::string error_;
};

}  // namespace peregrine::plugin
