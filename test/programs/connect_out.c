// SPDX-License-Identifier: Apache-2.0
// Connects: to a listening socket of its own, to a port where nobody listens, over UDP, over IPv6, and over a unix socket.
// argv[1]: path for the unix socket.
#include <arpa/inet.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <unistd.h>

static void fill4(struct sockaddr_in *to, int port) {
  memset(to, 0, sizeof *to);
  to->sin_family = AF_INET;
  to->sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.1", &to->sin_addr);
}

int main(int argc, char **argv) {
  (void)argc;
  struct sockaddr_in four;
  struct sockaddr_in6 six;
  struct sockaddr_un local;
  char data[16] = {0};
  const int yes = 1;

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  fill4(&four, 47001);
  if (bind(listener, (struct sockaddr *)&four, sizeof four) != 0 || listen(listener, 5) != 0) return 1;
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(client, (struct sockaddr *)&four, sizeof four) != 0) return 2;
  const int server = accept4(listener, 0, 0, SOCK_CLOEXEC);
  send(client, "over tcp", 8, 0);
  recv(server, data, sizeof data, 0);
  shutdown(client, SHUT_WR);

  const int refused = socket(AF_INET, SOCK_STREAM, 0);
  fill4(&four, 47002);
  connect(refused, (struct sockaddr *)&four, sizeof four);

  const int udp = socket(AF_INET, SOCK_DGRAM, 0);
  fill4(&four, 47003);
  sendto(udp, "over udp", 8, 0, (struct sockaddr *)&four, sizeof four);
  struct iovec pieces[2] = {{"in ", 3}, {"pieces", 6}};
  struct msghdr message = {&four, sizeof four, pieces, 2, 0, 0, 0};
  sendmsg(udp, &message, 0);

  const int listener6 = socket(AF_INET6, SOCK_STREAM, 0);
  setsockopt(listener6, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  memset(&six, 0, sizeof six);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(47004);
  six.sin6_addr = in6addr_loopback;
  if (bind(listener6, (struct sockaddr *)&six, sizeof six) == 0 && listen(listener6, 1) == 0) {
    const int client6 = socket(AF_INET6, SOCK_STREAM, 0);
    connect(client6, (struct sockaddr *)&six, sizeof six);
    close(client6);
  }

  const int unix_listener = socket(AF_UNIX, SOCK_STREAM, 0);
  memset(&local, 0, sizeof local);
  local.sun_family = AF_UNIX;
  strncpy(local.sun_path, argv[1], sizeof local.sun_path - 1);
  unlink(argv[1]);
  if (bind(unix_listener, (struct sockaddr *)&local, sizeof local) != 0 || listen(unix_listener, 1) != 0) return 3;
  const int unix_client = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(unix_client, (struct sockaddr *)&local, sizeof local) != 0) return 4;
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  unlink(argv[1]);
  return 0;
}
