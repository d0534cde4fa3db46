// SPDX-License-Identifier: Apache-2.0
// Opens files by relative, deep and failing names, for reading, writing and creating. Works in the current folder.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  mkdir("deep", 0755);
  const int deep = open("deep", O_RDONLY | O_DIRECTORY);
  close(openat(deep, "../deep/./made", O_WRONLY | O_CREAT | O_TRUNC, 0751));
  close(openat(deep, "made", O_RDWR | O_APPEND | O_CLOEXEC));
  open("deep/missing", O_RDONLY);
  syscall(SYS_open, "deep/made", O_RDONLY, 0);
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = O_RDONLY;
  how.resolve = RESOLVE_BENEATH;
  close(syscall(SYS_openat2, deep, "made", &how, sizeof how));
  char path[4000] = "";
  while (strlen(path) < 900) strcat(path, "deep/../");
  strcat(path, "deep/made");
  close(open(path, O_RDONLY));
  fchdir(deep);
  close(open("made", O_RDONLY));
  char text[200];
  getcwd(text, sizeof text);
  unlink("made");
  return rmdir("../deep");
}
