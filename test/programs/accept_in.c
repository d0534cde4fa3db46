// SPDX-License-Identifier: Apache-2.0
// Listens, and accepts one connection. argv[1]: address, argv[2]: port. It connects to itself.
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  struct sockaddr_in to;
  const int yes = 1;
  memset(&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_port = htons((unsigned short)atoi(argv[2]));
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&to, sizeof to) != 0 || listen(listener, 1) != 0) return 1;
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(client, (struct sockaddr *)&to, sizeof to) != 0) return 2;
  return accept(listener, 0, 0) < 0;
}
