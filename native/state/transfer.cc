// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace peregrine::state {

/*
 * Messages tell who talks to whom where no connect or accept did: their tuple goes from here to there when sending, from
 * there to here when receiving. A record keeps the client as the source, once it is known which of the two that is.
 */

namespace {

namespace type = event_type;

void set_unix_name(Tables& c, uint32_t tuple) {
  const int32_t name = c.addresses.tuple_text(tuple, l4::kUnknown);
  if (c.fd_word(fd_word::kName) == name) return;
  const int32_t row = c.copy_fd();
  if (row == 0) return;
  c.fd_pool.row(row)[fd_word::kName] = name;
  c.fd_pool.row(row)[fd_word::kSocket] = tuple;
  c.replace_fd(row);
}

/**
 * Which end this process is, where neither connect nor accept has told. Over IPv4 who sends first is the client, who
 * receives first the server; over IPv6 the process counts as the client.
 */
int32_t guess_role(int32_t kind, bool is_sending) {
  return kind == fd_kind::kIpv4Sock && !is_sending ? role::kServer : role::kClient;
}

void set_peers(Tables& c, uint32_t tuple, int32_t kind, bool is_sending) {
  const int32_t row = c.copy_fd();
  if (row == 0) return;
  int32_t* words = c.fd_pool.row(row);
  const int32_t protocol = words[fd_word::kProtocolRole];
  const int32_t transport = (protocol & 0xff) == l4::kUnknown ? l4::kUdp : protocol & 0xff;
  const int32_t side = protocol >> 8 == role::kNone ? guess_role(kind, is_sending) : protocol >> 8;
  const bool is_turned = side == (is_sending ? role::kServer : role::kClient);
  const uint32_t socket = is_turned ? c.addresses.swapped(tuple) : tuple;
  words[fd_word::kKind] = kind;
  words[fd_word::kSocket] = socket;
  words[fd_word::kProtocolRole] = transport | side << 8;
  words[fd_word::kName] = c.addresses.tuple_text(socket, transport);
  words[fd_word::kState] |= fd_state::kConnected;
  c.replace_fd(row);
}

void transferred(Tables& c, uint32_t given, bool is_sending, bool may_create) {
  Addresses& addresses = c.addresses;
  if (!addresses.is_tuple(given)) return;
  const uint32_t family = addresses.family(given);
  if (c.fd_row == 0) {
    if (!may_create || family == kUnix || c.fd < 0) return;
    const int32_t fresh = c.fd_pool.make(family == kInet ? fd_kind::kIpv4Sock : fd_kind::kIpv6Sock, 0, 0);
    if (fresh != 0) c.fd_pool.row(fresh)[fd_word::kProtocolRole] = l4::kUdp;
    c.add_fd(c.fd, fresh, false);
    if (c.fd_row == 0) return;
  }
  const int32_t kind = c.fd_word(fd_word::kKind);
  const bool is_v4_tcp = (kind == fd_kind::kIpv4Sock || kind == fd_kind::kIpv4Servsock) &&
                         (c.fd_word(fd_word::kProtocolRole) & 0xff) == l4::kTcp;
  if (is_v4_tcp && !c.strings.is_empty(c.fd_word(fd_word::kName))) return;
  if (family == kUnix) {
    set_unix_name(c, given);
    return;
  }
  const uint32_t tuple = addresses.completed(addresses.canonical(given));
  const int32_t new_kind = addresses.family(tuple) == kInet ? fd_kind::kIpv4Sock : fd_kind::kIpv6Sock;
  const uint32_t before = c.fd_word(fd_word::kSocket);
  if (kind == new_kind && (before == tuple || (before != 0 && before == addresses.swapped(tuple)))) return;
  set_peers(c, tuple, new_kind, is_sending);
}

/** Where rules ask whether sockets are connected: a call that moved something through one shows that it is. */
void connect_by_use(Tables& c) {
  if (c.fd_row == 0) return;
  const int32_t kind = c.fd_word(fd_word::kKind);
  if (kind != fd_kind::kIpv4Sock && kind != fd_kind::kIpv6Sock) return;
  if ((c.fd_word(fd_word::kState) & fd_state::kConnected) != 0) return;
  const int32_t row = c.copy_fd();
  if (row == 0) return;
  c.fd_pool.row(row)[fd_word::kState] |= fd_state::kConnected;
  c.replace_fd(row);
}

template <uint16_t kType>
void used(Tables& c) {
  if (c.succeeded(word_of(kType, 0))) connect_by_use(c);
}

/** A call without a tuple. */
template <uint16_t kType>
constexpr Rule user() {
  return {kType, used<kType>, params({0}), kSucceeds, annex_part::kConnected};
}

/** A call whose tuple is parameter `kTuple`, whose fd is parameter `kFd`. */
template <uint16_t kType, uint32_t kTuple, bool kIsSending, bool kMayCreate>
void moved(Tables& c) {
  if (!c.succeeded(word_of(kType, 0)) || c.t == 0) return;
  transferred(c, c.word(word_of(kType, kTuple)), kIsSending, kMayCreate);
}

template <uint16_t kType, int kTuple, int kFd, bool kIsSending, bool kMayCreate>
constexpr Rule mover() {
  return {kType, moved<kType, kTuple, kIsSending, kMayCreate>, params({0, kTuple, kFd}),
          {plan_test::kNotEmpty, {kTuple}}};
}

template <uint16_t kType, uint32_t kTuple, bool kIsSending, bool kMayCreate>
void moved_and_used(Tables& c) {
  moved<kType, kTuple, kIsSending, kMayCreate>(c);
  used<kType>(c);
}

template <uint16_t kType, int kTuple, int kFd, bool kIsSending, bool kMayCreate>
constexpr Rule moving_user() {
  return {kType, moved_and_used<kType, kTuple, kIsSending, kMayCreate>, params({0, kTuple, kFd}), kSucceeds,
          annex_part::kConnected};
}

constexpr Rule kRules[] = {
    mover<type::kSocketSendX, 4, 2, true, true>(),       mover<type::kSocketSendtoX, 4, 2, true, true>(),
    mover<type::kSocketSendmsgX, 4, 2, true, true>(),    mover<type::kSocketSendmmsgX, 4, 1, true, false>(),
    mover<type::kSocketRecvX, 4, 2, false, false>(),     mover<type::kSocketRecvfromX, 2, 3, false, false>(),
    mover<type::kSocketRecvmsgX, 3, 5, false, false>(),  mover<type::kSocketRecvmmsgX, 4, 1, false, false>(),
    moving_user<type::kSocketSendX, 4, 2, true, true>(),       moving_user<type::kSocketSendtoX, 4, 2, true, true>(),
    moving_user<type::kSocketSendmsgX, 4, 2, true, true>(),    moving_user<type::kSocketSendmmsgX, 4, 1, true, false>(),
    moving_user<type::kSocketRecvX, 4, 2, false, false>(),     moving_user<type::kSocketRecvfromX, 2, 3, false, false>(),
    moving_user<type::kSocketRecvmsgX, 3, 5, false, false>(),  moving_user<type::kSocketRecvmmsgX, 4, 1, false, false>(),
    user<type::kSyscallReadX>(),     user<type::kSyscallReadvX>(),    user<type::kSyscallPreadX>(),
    user<type::kSyscallPreadvX>(),   user<type::kSyscallWriteX>(),    user<type::kSyscallWritevX>(),
    user<type::kSyscallPwriteX>(),   user<type::kSyscallPwritevX>(),
};

}  // namespace

Rules transfer_rules() { return kRules; }

}  // namespace peregrine::state
