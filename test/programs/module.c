// SPDX-License-Identifier: Apache-2.0
// Tries to load and to unload a kernel module; what it loads is none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  char image[8] = "no ELF";
  // On the stack: a kernel without modules does not look at the arguments, so they must be in memory already.
  char answer[] = "answer=42", file[] = "file=1", name[] = "no_such_module";
  syscall(SYS_init_module, image, sizeof image, answer);
  const int fd = open("/proc/self/exe", O_RDONLY);
  syscall(SYS_finit_module, fd, file, 0);
  syscall(SYS_delete_module, name, O_NONBLOCK);
  return 0;
}
