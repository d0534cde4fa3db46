// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "container_json.h"
#include "rule.h"

namespace peregrine::state {

/*
 * What is known of a container beyond its id comes as JSON in an event, once for each container. The text is kept as it
 * is, by the container's id; fields take from it what they want.
 */

namespace {

namespace type = event_type;

std::string_view text_of(Span bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

void store(Tables& c, int32_t json, bool is_present) {
  static_assert(container_word::kJson == 0);
  const auto id = json == kAbsent ? std::nullopt : id_in_container_json(text_of(c.strings.bytes(json)));
  if (!id || id->empty()) return;
  const int32_t key = c.strings.intern(*id);
  const int32_t* known = c.containers.find(key, 0, c.now);
  if (is_present ? known != nullptr && *known == json : known == nullptr) return;
  const bool has_room = is_present ? c.containers.put(key, 0, c.now, {json}) : c.containers.remove(key, 0, c.now);
  if (!has_room) c.count_lost_lookup();
}

void container_event(Tables& c) { store(c, c.word(word_of(type::kContainerJson_2E, 0)), true); }

void async_event(Tables& c) {
  const std::string_view name = text_of(c.strings.bytes(c.word(word_of(type::kAsynceventE, 1))));
  const bool is_present = name == "container";
  if (!is_present && name != "container_removed") return;
  constexpr uint16_t kData = word_of(type::kAsynceventE, 2);
  const Span data{c.ring + static_cast<uint32_t>(c.word(kData)), static_cast<uint32_t>(c.word(kData + 1))};
  store(c, c.strings.intern(without_final_nuls(data)), is_present);
}

constexpr Rule kRules[] = {
    {type::kContainerJson_2E, container_event, params({0}), {}},
    {type::kAsynceventE, async_event, params({0, 1, 2}), {}},
};

}  // namespace

Rules container_rules() { return kRules; }

}  // namespace peregrine::state
