// SPDX-License-Identifier: Apache-2.0
// Gives up its rights.
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  struct rlimit limit = {512, 1024};
  syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit);
  prlimit(0, RLIMIT_CORE, 0, &limit);
  setsid();
  setresgid(1001, 1001, 1001);
  setresuid(1000, 1000, 0);
  getuid();
  geteuid();
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  syscall(SYS_capset, &header, none);
  return setuid(1000);
}
