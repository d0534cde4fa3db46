// SPDX-License-Identifier: Apache-2.0
// Makes processes in all ways: fork, vfork and exec, a thread, and a thread that execs.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const arguments[] = {"renamed", "first", "second argument", 0};
static char *const environment[] = {"COLOUR=green", "EMPTY=", 0};
static const char *program;

static void *idle(void *unused) { return unused; }

static void *run(void *unused) {
  execve(program, arguments, environment);
  return unused;
}

int main(int argc, char **argv) {
  (void)argc;
  program = argv[1];
  int status;
  const pid_t forked = syscall(SYS_fork);
  if (forked == 0) _exit(3);
  waitpid(forked, &status, 0);
  const pid_t child = vfork();
  if (child == 0) {
    execve(program, arguments, environment);
    _exit(1);
  }
  waitpid(child, &status, 0);
  execve("/no/such/program", arguments, environment);
  pthread_t thread;
  pthread_create(&thread, 0, idle, 0);
  pthread_join(thread, 0);
  pthread_create(&thread, 0, run, 0);
  pthread_join(thread, 0);
  return 1;
}
