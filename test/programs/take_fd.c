// SPDX-License-Identifier: Apache-2.0
// Takes a descriptor out of another process.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  const int file = open("/etc/hostname", O_RDONLY);
  dup2(file, 50);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  close(50);
  const int handle = syscall(SYS_pidfd_open, child, 0);
  const int taken = syscall(SYS_pidfd_getfd, handle, 50, 0);
  char byte;
  read(taken, &byte, 1);
  prctl(PR_SET_NAME, "another name");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  syscall(SYS_tgkill, child, child, SIGTERM);
  int status;
  waitpid(child, &status, 0);
  return 0;
}
