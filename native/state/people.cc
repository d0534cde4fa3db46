// SPDX-License-Identifier: Apache-2.0
#include "people.h"

#include <algorithm>

#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

/** Stores a value unless the table has just that: a list that comes again with each section costs nothing. */
void put(Tables& c, Lookup& table, int32_t container, int32_t number, std::initializer_list<int32_t> value) {
  const int32_t* known = table.find(container, number, c.now);
  if (known != nullptr && std::equal(value.begin(), value.end(), known)) return;
  if (!table.put(container, number, c.now, value)) c.count_lost_lookup();
}

void remove(Tables& c, Lookup& table, int32_t container, int32_t number) {
  if (table.find(container, number, c.now) == nullptr) return;
  if (!table.remove(container, number, c.now)) c.count_lost_lookup();
}

/** The container that parameter `param` names; the host where it names none. */
int32_t container_at(Tables& c, uint16_t type, uint32_t param) {
  const int32_t container = c.word(word_of(type, param));
  return container == kAbsent ? kEmpty : container;
}

void user_added(Tables& c) {
  constexpr uint16_t kType = type::kUserAddedE;
  const auto word = [&](uint32_t param) { return static_cast<uint32_t>(c.word(word_of(kType, param))); };
  put_user(c, container_at(c, kType, 5), {word(0), word(1), word(2), word(3), word(4)});
}

void user_deleted(Tables& c) {
  constexpr uint16_t kType = type::kUserDeletedE;
  remove(c, c.users, container_at(c, kType, 5), c.word(word_of(kType, 0)));
}

void group_added(Tables& c) {
  constexpr uint16_t kType = type::kGroupAddedE;
  const auto word = [&](uint32_t param) { return static_cast<uint32_t>(c.word(word_of(kType, param))); };
  put_group(c, container_at(c, kType, 2), {word(0), word(1)});
}

void group_deleted(Tables& c) {
  constexpr uint16_t kType = type::kGroupDeletedE;
  remove(c, c.groups, container_at(c, kType, 2), c.word(word_of(kType, 0)));
}

constexpr Rule kRules[] = {
    {type::kUserAddedE, user_added, params({0, 1, 2, 3, 4, 5}), {}},
    {type::kUserDeletedE, user_deleted, params({0, 5}), {}},
    {type::kGroupAddedE, group_added, params({0, 1, 2}), {}},
    {type::kGroupDeletedE, group_deleted, params({0, 2}), {}},
};

}  // namespace

void put_user(Tables& c, int32_t container, const UserEntry& user) {
  int32_t value[4];
  value[user_word::kName] = user.name;
  value[user_word::kHome] = user.home;
  value[user_word::kShell] = user.shell;
  value[user_word::kGid] = user.gid;
  put(c, c.users, container, user.uid, {value[0], value[1], value[2], value[3]});
}

void put_group(Tables& c, int32_t container, const GroupEntry& group) {
  static_assert(group_word::kName == 0);
  put(c, c.groups, container, group.gid, {static_cast<int32_t>(group.name)});
}

Rules people_rules() { return kRules; }

}  // namespace peregrine::state
