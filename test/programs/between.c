// SPDX-License-Identifier: Apache-2.0
// Starts argv[1] programs of its own, one every argv[2] microseconds; each opens a file of its own in the current folder and
// waits. When standard input ends, each reads from its file and ends.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 100, pause = argc > 2 ? atoi(argv[2]) : 1000;
  int gate[2];
  char byte;
  if (pipe(gate) < 0) return 1;
  for (int i = 0; i < count; i++) {
    if (fork() == 0) {
      char name[32];
      close(gate[1]);
      close(0);
      snprintf(name, sizeof name, "child-%d", i);
      const int fd = open(name, O_CREAT | O_RDWR, 0600);
      read(gate[0], &byte, 1);
      pread(fd, &byte, 1, 0);
      _exit(0);
    }
    usleep(pause);
  }
  write(1, "ready\n", 6);
  read(0, &byte, 1);
  close(gate[1]);
  while (wait(NULL) > 0)
    ;
  return 0;
}
