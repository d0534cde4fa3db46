// SPDX-License-Identifier: Apache-2.0
#include "enter.h"
#include "rule.h"

namespace peregrine::state {

namespace {

namespace type = event_type;

constexpr int64_t kInProgress = -115;
constexpr int32_t kSolSocket = 1;
constexpr int32_t kSoError = 4;

/** The connection's tuple: the destination is what the call was given, where the event has not a better one. 0 = none. */
uint32_t target(Tables& c, uint32_t given) {
  Addresses& addresses = c.addresses;
  const uint32_t tuple = c.word(word_of(type::kSocketConnectX, 1));
  const bool is_given = addresses.is_internet_address(given);
  if (!addresses.is_tuple(tuple)) return is_given ? addresses.canonical(addresses.toward(0, given)) : 0;
  if (addresses.family(tuple) == kUnix) return tuple;
  const uint32_t after = c.word(word_of(type::kSocketConnectX, 3));
  const bool is_better = is_given && given != after && addresses.family(given) == addresses.family(tuple) &&
                         after == addresses.destination(tuple);
  return addresses.canonical(is_better ? addresses.toward(tuple, given) : tuple);
}

void connected(Tables& c) {
  constexpr uint16_t kRes = word_of(type::kSocketConnectX, 0);
  const bool has_enter = take_enter(c, type::kSocketConnectE);
  const int64_t res = c.wide(kRes);
  if (c.fd_row == 0 || (res < 0 && res != kInProgress)) return;
  Addresses& addresses = c.addresses;
  const uint32_t tuple = target(c, has_enter ? c.threads[c.t].enter_name : 0);
  if (tuple == 0) return;
  const int32_t row = c.copy_fd();
  if (row == 0) return;
  int32_t* words = c.fd_pool.row(row);
  const int32_t protocol = words[fd_word::kProtocolRole];
  const int32_t transport = protocol & 0xff;
  const int32_t side = protocol >> 8;
  const uint32_t family = addresses.family(tuple);
  const bool is_unix = family == kUnix;
  words[fd_word::kKind] = is_unix            ? fd_kind::kUnixSock
                          : family == kInet ? fd_kind::kIpv4Sock
                                            : fd_kind::kIpv6Sock;
  const bool is_turned = !is_unix && side == role::kServer && transport == l4::kUdp;
  const uint32_t socket = is_turned ? addresses.swapped(tuple) : tuple;
  words[fd_word::kSocket] = socket;
  words[fd_word::kName] = addresses.tuple_text(socket, transport);
  words[fd_word::kProtocolRole] = transport | (side == role::kNone ? role::kClient : side) << 8;
  if (res >= 0) {
    words[fd_word::kState] |= fd_state::kConnected;
  } else {
    words[fd_word::kState] &= ~fd_state::kConnected;
  }
  c.replace_fd(row);
}

/** SO_ERROR tells how a connection attempt that did not block has ended. */
void error_asked(Tables& c) {
  constexpr uint16_t kType = type::kSocketGetsockoptX;
  constexpr uint16_t kValue = word_of(kType, 4);
  if (c.fd_row == 0 || !c.succeeded(word_of(kType, 0))) return;
  if (c.word(word_of(kType, 2)) != kSolSocket || c.word(word_of(kType, 3)) != kSoError) return;
  const uint8_t* value = c.ring + static_cast<uint32_t>(c.word(kValue));
  const uint32_t length = c.word(kValue + 1);
  // A byte that selects the variant, then the errno.
  uint8_t failed = 0;
  for (uint32_t i = 1; i < length; i++) failed |= value[i];
  const int32_t row = c.copy_fd();
  if (row == 0) return;
  int32_t& state = c.fd_pool.row(row)[fd_word::kState];
  state = failed == 0 ? state | fd_state::kConnected : state & ~fd_state::kConnected;
  c.replace_fd(row);
}

constexpr Rule kRules[] = {
    {type::kSocketConnectX, connected, params({0, 1, 2, 3}), {}},
    {type::kSocketGetsockoptX, error_asked, params({0, 1, 2, 3, 4}),
     {plan_test::kOneOf, {3, kSoError, kSoError, kSoError}}},
};

}  // namespace

Rules connect_rules() { return kRules; }

}  // namespace peregrine::state
