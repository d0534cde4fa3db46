// SPDX-License-Identifier: Apache-2.0
// Changes its root and its working directory. argv[1]: a folder.
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argc;
  if (chdir(argv[1]) != 0 || chdir("..") != 0) return 1;
  if (chroot(argv[1]) != 0) return 2;
  return chdir("/");
}
