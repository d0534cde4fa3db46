// SPDX-License-Identifier: Apache-2.0
// Opens, reads and closes a file, argv[1] times; prints the CPU time of one round in ns.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int argc, char **argv) {
  const long rounds = argc > 1 ? atol(argv[1]) : 100000;
  const int reads = argc > 2 && argv[2][0] == 'r';
  char byte;
  const double start = cpu_ns();
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (long i = 0; i < rounds; i++) {
    const int fd = open("/etc/hostname", O_RDONLY);
    if (reads && read(fd, &byte, 1) < 0) return 1;
    close(fd);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  const double wall = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
  printf("%.1f %.1f\n", (cpu_ns() - start) / rounds, wall / rounds);
  return 0;
}
