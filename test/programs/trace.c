// SPDX-License-Identifier: Apache-2.0
// Takes hold of a child with ptrace, reads and writes its memory, and lets it go.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long word = 42;

int main(void) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  int status;
  if (ptrace(PTRACE_ATTACH, child, 0, 0) != 0) return 1;
  waitpid(child, &status, 0);
  const long value = ptrace(PTRACE_PEEKDATA, child, (void *)&word, 0);
  ptrace(PTRACE_POKEDATA, child, (void *)&word, (void *)(value + 1));
  ptrace(PTRACE_DETACH, child, 0, 0);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return 0;
}
