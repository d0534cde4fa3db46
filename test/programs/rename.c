// SPDX-License-Identifier: Apache-2.0
// Creates, renames, links, and removes files, by all calls that there are. Works in the current folder.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  close(creat("a", 0640));
  syscall(SYS_rename, "a", "b");
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  syscall(SYS_renameat, here, "b", AT_FDCWD, "c");
  syscall(SYS_renameat2, here, "c", here, "d", RENAME_NOREPLACE);
  link("d", "e");
  linkat(here, "d", here, "f", 0);
  chmod("d", 04755);
  fchmodat(here, "e", 0600, 0);
  chown("d", 1000, 1001);
  fchownat(here, "e", 0, 0, AT_SYMLINK_NOFOLLOW);
  mkdir("folder", 0700);
  mkdirat(here, "other", 0711);
  rmdir("folder");
  unlinkat(here, "other", AT_REMOVEDIR);
  unlink("d");
  unlink("e");
  unlinkat(here, "f", 0);
  mknod("fifo", S_IFIFO | 0600, 0);
  return unlink("fifo");
}
