// SPDX-License-Identifier: Apache-2.0
// Opens and closes a file at a given rate. argv: calls a second (0: as fast as it goes), seconds, threads, and of how many
// opens one is of /etc/shadow (0: none). Prints calls made, seconds taken, CPU ns a call.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SLOT_NS = 1000000, MOST_THREADS = 16 };

struct work {
  double calls_per_second;
  double seconds;
  long alert_every;
  long calls;
};

static double clock_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static void round_of(struct work *work) {
  const long number = work->calls / 2;
  const int is_alert = work->alert_every > 0 && number % work->alert_every == 0;
  const int fd = open(is_alert ? "/etc/shadow" : "/etc/hostname", O_RDONLY);
  close(fd);
  work->calls += 2;
}

/** Every slot begins with the calls that are due by its end; one that comes late catches up. */
static void *run(void *given) {
  struct work *work = given;
  const double start = clock_of(CLOCK_MONOTONIC);
  for (long slot = 1;; slot++) {
    const double elapsed = clock_of(CLOCK_MONOTONIC) - start;
    if (elapsed >= work->seconds * 1e9) return 0;
    if (work->calls_per_second == 0) {
      for (int i = 0; i < 100; i++) round_of(work);
      continue;
    }
    const double due = (double)slot * SLOT_NS * work->calls_per_second / 1e9;
    while (work->calls < due) round_of(work);
    const double until = start + (double)slot * SLOT_NS;
    const struct timespec wake = {(time_t)(until / 1e9), (long)(until - (double)(time_t)(until / 1e9) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, 0);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const int threads = atoi(argv[3]);
  if (threads < 1 || threads > MOST_THREADS) return 2;
  struct work works[MOST_THREADS];
  pthread_t ids[MOST_THREADS];
  const double cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID), start = clock_of(CLOCK_MONOTONIC);
  for (int i = 0; i < threads; i++) {
    works[i] = (struct work){atof(argv[1]) / threads, atof(argv[2]), atol(argv[4]), 0};
    pthread_create(&ids[i], 0, run, &works[i]);
  }
  double calls = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(ids[i], 0);
    calls += works[i].calls;
  }
  printf("%.0f %.6f %.1f\n", calls, (clock_of(CLOCK_MONOTONIC) - start) / 1e9,
         (clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / calls);
  return 0;
}
