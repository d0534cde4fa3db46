/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's fnmatch, for comparison. Reads cases from standard input: one byte of flags (1 = fold case), then the
 * pattern and the text, each ended by a NUL; writes "1" or "0" for each.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <stdio.h>

static int read_text(char *to, size_t size) {
  size_t n = 0;
  for (int c; (c = getchar()) != 0; n++) {
    if (c == EOF || n + 1 >= size) return -1;
    to[n] = (char)c;
  }
  to[n] = 0;
  return 0;
}

int main(void) {
  static char pattern[1 << 16], text[1 << 16];
  for (int flags; (flags = getchar()) != EOF;) {
    if (read_text(pattern, sizeof pattern) || read_text(text, sizeof text)) return 1;
    putchar(fnmatch(pattern, text, flags & 1 ? FNM_CASEFOLD : 0) == 0 ? '1' : '0');
  }
  return 0;
}
