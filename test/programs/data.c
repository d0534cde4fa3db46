// SPDX-License-Identifier: Apache-2.0
// Reads and writes in all ways. Works in the current folder.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void) {
  char text[300];
  memset(text, 'x', sizeof text);
  memcpy(text, "begin", 5);
  const int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
  write(fd, text, sizeof text);
  pwrite(fd, "pwrite", 6, 10);
  struct iovec out[3] = {{"one", 3}, {"", 0}, {"two", 3}};
  writev(fd, out, 3);
  lseek(fd, 0, SEEK_SET);
  read(fd, text, 100);
  pread(fd, text, 8, 10);
  struct iovec in[2] = {{text, 4}, {text + 4, 4}};
  readv(fd, in, 2);
  read(99, text, 1);
  dup2(fd, 77);
  dup3(fd, 78, O_CLOEXEC);
  fcntl(fd, F_DUPFD_CLOEXEC, 80);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  int ends[2];
  pipe2(ends, O_NONBLOCK | O_CLOEXEC);
  close_range(77, 90, 0);
  close(fd);
  return unlink("data");
}
