// SPDX-License-Identifier: Apache-2.0
// Runs a program from a file that exists in memory only. argv[1]: the program to copy there.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  const int from = open(argv[1], O_RDONLY);
  const int to = memfd_create("hidden", MFD_CLOEXEC);
  while (sendfile(to, from, 0, 1 << 20) > 0) {
  }
  char *const arguments[] = {"innocent", "in memory", 0};
  char *const environment[] = {"SECRET=of memory", 0};
  fexecve(to, arguments, environment);
  return 1;
}
