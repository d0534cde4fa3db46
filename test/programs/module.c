// SPDX-License-Identifier: Apache-2.0
// Tries to load and to unload a kernel module; what it loads is none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  char image[8] = "no ELF";
  syscall(SYS_init_module, image, sizeof image, "answer=42");
  const int fd = open("/proc/self/exe", O_RDONLY);
  syscall(SYS_finit_module, fd, "file=1", 0);
  syscall(SYS_delete_module, "no_such_module", O_NONBLOCK);
  return 0;
}
