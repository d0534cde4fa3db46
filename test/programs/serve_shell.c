// SPDX-License-Identifier: Apache-2.0
// As a server that is taken over does: starts a program. argv[1] and behind: the program and its arguments.
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  const pid_t child = fork();
  if (child == 0) {
    execv(argv[1], argv + 1);
    _exit(127);
  }
  int status;
  return waitpid(child, &status, 0) != child || status != 0;
}
