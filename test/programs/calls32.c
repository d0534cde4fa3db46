// SPDX-License-Identifier: Apache-2.0
// Makes system calls as a 32-bit program does, through the old interrupt.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long call32(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return result;
}

int main(void) {
  char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  strcpy(low, "/etc/hostname");
  const long fd = call32(5, (long)low, 0, 0); /* open */
  call32(3, fd, (long)low, 16);               /* read */
  call32(6, fd, 0, 0);                        /* close */
  int *words = (int *)(low + 128);
  words[0] = 1; /* AF_UNIX */
  words[1] = 1;
  words[2] = 0;
  call32(102, 1, (long)words, 0); /* socketcall: socket */
  return 0;
}
