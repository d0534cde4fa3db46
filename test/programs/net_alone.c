// SPDX-License-Identifier: Apache-2.0
// Runs a program in a network of its own, whose loop-back device has the address 192.0.2.1 as well: what it says to that
// address leaves neither the machine nor this network. argv[1] and behind: the program and its arguments.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  if (unshare(CLONE_NEWNET) != 0) return 10;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) return 11;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo:1");
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
  memcpy(&request.ifr_addr, &address, sizeof address);
  if (ioctl(fd, SIOCSIFADDR, &request) != 0) return 12;
  execv(argv[1], argv + 1);
  return 13;
}
