// SPDX-License-Identifier: Apache-2.0
// Makes a symbolic link to a sensitive file, and reads the file through it. argv[1]: where.
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  unlink(argv[1]);
  if (symlink("/etc/shadow", argv[1]) != 0) return 1;
  const int fd = open(argv[1], O_RDONLY);
  close(fd);
  symlinkat("/etc", AT_FDCWD, "relative.link");
  unlink("relative.link");
  return unlink(argv[1]);
}
