// SPDX-License-Identifier: Apache-2.0
// Leaves its uts name space, makes a new one, and enters the old one again.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

int main(void) {
  const int old = open("/proc/self/ns/uts", O_RDONLY);
  if (unshare(CLONE_NEWUTS) != 0) return 1;
  return setns(old, CLONE_NEWUTS);
}
