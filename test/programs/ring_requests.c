// SPDX-License-Identifier: Apache-2.0
// Makes files and connections by requests in a ring (io_uring) in place of system calls. Works in the current folder;
// argv[1] names a port for TCP on the loopback; 0: only
// sees whether there are rings. Ends with 77 where the kernel has none.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 4
/* Younger than many headers. */
#define OP_BIND 56
#define OP_LISTEN 57

struct ring {
  int fd;
  struct io_uring_params params;
  char *sq, *cq;
  struct io_uring_sqe *sqes;
};

static int ring_open(struct ring *r) {
  memset(r, 0, sizeof *r);
  r->fd = syscall(SYS_io_uring_setup, ENTRIES, &r->params);
  if (r->fd < 0) return -1;
  const struct io_uring_params *p = &r->params;
  r->sq = mmap(0, p->sq_off.array + p->sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
  r->cq = mmap(0, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
               IORING_OFF_CQ_RING);
  r->sqes = mmap(0, p->sq_entries * sizeof *r->sqes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
  return 0;
}

static unsigned *word(char *base, unsigned offset) { return (unsigned *)(base + offset); }

static void submit(struct ring *r, const struct io_uring_sqe *sqe, unsigned wait) {
  unsigned *tail = word(r->sq, r->params.sq_off.tail);
  const unsigned at = *tail & (r->params.sq_entries - 1);
  r->sqes[at] = *sqe;
  word(r->sq, r->params.sq_off.array)[at] = at;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  syscall(SYS_io_uring_enter, r->fd, 1, wait, wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

/* Makes one request and returns its result. */
static int ask(struct ring *r, const struct io_uring_sqe *sqe) {
  unsigned *head = word(r->cq, r->params.cq_off.head);
  submit(r, sqe, 1);
  while (__atomic_load_n(word(r->cq, r->params.cq_off.tail), __ATOMIC_ACQUIRE) == *head) usleep(1000);
  const struct io_uring_cqe *cqes = (const struct io_uring_cqe *)(r->cq + r->params.cq_off.cqes);
  const int result = cqes[*head & (r->params.cq_entries - 1)].res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return result;
}

static struct io_uring_sqe request(int op, int fd, const void *addr, unsigned len, uint64_t off) {
  struct io_uring_sqe sqe = {0};
  sqe.opcode = op;
  sqe.fd = fd;
  sqe.addr = (uintptr_t)addr;
  sqe.len = len;
  sqe.off = off;
  return sqe;
}

static void files(struct ring *r) {
  struct io_uring_sqe sqe = request(IORING_OP_MKDIRAT, AT_FDCWD, "ring", 0700, 0);
  printf("mkdirat %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_OPENAT, AT_FDCWD, "ring/../ring/made", 0640, 0);
  sqe.open_flags = O_CREAT | O_WRONLY | O_CLOEXEC;
  const int made = ask(r, &sqe);
  printf("openat %d\n", made);
  sqe = request(IORING_OP_WRITE, made, "written by a request", 20, 0);
  printf("write %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_CLOSE, made, 0, 0, 0);
  printf("close %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_OPENAT, AT_FDCWD, "ring/missing", 0, 0);
  printf("openat %d\n", ask(r, &sqe));
  struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
  sqe = request(IORING_OP_OPENAT2, AT_FDCWD, "ring/made", sizeof how, (uintptr_t)&how);
  printf("openat2 %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_RENAMEAT, AT_FDCWD, "ring/made", AT_FDCWD, (uintptr_t)"ring/renamed");
  printf("renameat %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_SYMLINKAT, AT_FDCWD, "/etc/shadow", 0, (uintptr_t)"ring/link");
  printf("symlinkat %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_LINKAT, AT_FDCWD, "ring/renamed", AT_FDCWD, (uintptr_t)"ring/hard");
  printf("linkat %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_OPENAT, AT_FDCWD, "/etc/shadow", 0, 0);
  printf("openat %d\n", ask(r, &sqe));
}

/* What tries to stay unseen: a ring's own descriptors, requests without completions, completions that find no room. */
static void hidden(struct ring *r) {
  int slots[4] = {-1, -1, -1, -1};
  printf("register %ld\n", syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_FILES, slots, 4));
  struct io_uring_sqe sqe = request(IORING_OP_OPENAT, AT_FDCWD, "ring/renamed", 0, 0);
  sqe.file_index = 3;
  printf("openat %d\n", ask(r, &sqe));
  char bytes[32];
  sqe = request(IORING_OP_READ, 2, bytes, sizeof bytes, 0);
  sqe.flags = IOSQE_FIXED_FILE;
  printf("read %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_UNLINKAT, AT_FDCWD, "ring/hard", 0, 0);
  sqe.flags = IOSQE_CQE_SKIP_SUCCESS;
  submit(r, &sqe, 0);
  for (int i = 0; i < 1000 && access("ring/hard", F_OK) == 0; i++) usleep(1000);
  const unsigned room = r->params.cq_entries + 2;
  static char names[32][32];
  for (unsigned i = 0; i < room && i < 32; i++) {
    snprintf(names[i], sizeof names[i], "ring/many-%u", i);
    sqe = request(IORING_OP_MKDIRAT, AT_FDCWD, names[i], 0700, 0);
    sqe.user_data = 7; /* the same for all of them */
    submit(r, &sqe, 0);
    for (int wait = 0; wait < 1000 && access(names[i], F_OK) != 0; wait++) usleep(1000);
  }
}

static void connections(struct ring *r, int port) {
  struct io_uring_sqe sqe = request(IORING_OP_SOCKET, AF_INET, 0, 0, SOCK_STREAM);
  const int client = ask(r, &sqe);
  printf("socket %d\n", client);
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sqe = request(OP_BIND, server, &place, 0, sizeof place);
  if (ask(r, &sqe) < 0) bind(server, (struct sockaddr *)&place, sizeof place);
  sqe = request(OP_LISTEN, server, 0, 4, 0);
  if (ask(r, &sqe) < 0) listen(server, 4);
  sqe = request(IORING_OP_CONNECT, client, &place, 0, sizeof place);
  printf("connect %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_ACCEPT, server, 0, 0, 0);
  const int accepted = ask(r, &sqe);
  printf("accept %d\n", accepted);
  sqe = request(IORING_OP_SEND, client, "sent by a request", 17, 0);
  printf("send %d\n", ask(r, &sqe));
  char bytes[32];
  sqe = request(IORING_OP_RECV, accepted, bytes, sizeof bytes, 0);
  printf("recv %d\n", ask(r, &sqe));
  sqe = request(IORING_OP_SHUTDOWN, client, 0, SHUT_WR, 0);
  printf("shutdown %d\n", ask(r, &sqe));
}

int main(int argc, char **argv) {
  struct ring ring, second;
  if (ring_open(&ring) < 0 || ring_open(&second) < 0) return 77;
  if (argc > 1 && atoi(argv[1]) == 0) return 0;
  files(&ring);
  connections(&ring, argc > 1 ? atoi(argv[1]) : 47010);
  hidden(&second);
  return 0;
}
