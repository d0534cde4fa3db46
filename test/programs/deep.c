// SPDX-License-Identifier: Apache-2.0
// Goes down into folders with long names, opens a file by its relative name and through a descriptor, and comes back.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEVELS = 9, LENGTH = 90 };

int main(void) {
  char name[LENGTH + 1];
  memset(name, 'n', LENGTH);
  name[LENGTH] = 0;
  for (int i = 0; i < LEVELS; i++) {
    name[0] = (char)('a' + i);
    if (mkdir(name, 0700) != 0 || chdir(name) != 0) return 1;
  }
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  close(open("relative", O_WRONLY | O_CREAT, 0600));
  close(openat(here, "./through", O_WRONLY | O_CREAT, 0600));
  unlink("relative");
  unlink("through");
  for (int i = LEVELS - 1; i >= 0; i--) {
    name[0] = (char)('a' + i);
    if (chdir("..") != 0 || rmdir(name) != 0) return 2;
  }
  return 0;
}
