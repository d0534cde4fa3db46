// SPDX-License-Identifier: Apache-2.0
// Runs a program argv[1] times with vfork and exec; prints the time of one round in ns: CPU of all, wall.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double used(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv) {
  const long rounds = argc > 1 ? atol(argv[1]) : 200;
  char *const arguments[] = {"true", 0};
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (long i = 0; i < rounds; i++) {
    const pid_t child = vfork();
    if (child == 0) {
      execv("/bin/true", arguments);
      _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  const double cpu = used(RUSAGE_SELF) + used(RUSAGE_CHILDREN);
  printf("%.1f %.1f\n", cpu / rounds, ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / rounds);
  return 0;
}
