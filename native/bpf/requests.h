/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Requests of io_uring: what a program asks for by memory that it shares with the kernel, past the system calls. Each is
 * told as the event of the system call that does the same.
 *
 *   submitted    the kernel has taken the request over: names and addresses are its own copies. They are kept here
 *   completed    the result is there: the event is made
 *
 * A completion that does not fit into the program's queue is told without its request, by the number that the program
 * gave (`user_data`): several requests may have the same, so those under way are kept as a list. A request without a
 * completion (IOSQE_CQE_SKIP_SUCCESS), and one for which there is no room here, are told at once, as if they succeeded.
 */
#pragma once

#include "kernel_requests.h"
#include "rows.h"

/* Descriptors of a ring's own table: numbers that no descriptor of a process can have. */
#define RING_SLOT 0x40000000
#define ANY_SLOT 0xffffffff
#define REQ_FIXED_FILE (1 << 0)
#define REQ_SKIPS_COMPLETION (1 << 6)
#define CQE_MORE 2
#define PF_IO_WORKER 0x10
#define MOST_REQUESTS 16384
#define MOST_NAMED 4096
#define TEXT_BYTES 3968
#define ADDRESS_BYTES 128
#define MOST_ALIKE 32

/* Names and addresses of a request, as far as they fit. */
struct texts {
	u8 bytes[TEXT_BYTES];
};

struct request_number {
	u64 ring, user_data;
};

/* The requests that were made last with the same number; they may have been completed since. */
struct alike {
	u64 request[MOST_ALIKE];
	u32 next, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_REQUESTS);
	__type(key, u64);
	__type(value, struct request);
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MOST_NAMED);
	__type(key, u64);
	__type(value, struct texts);
} request_texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MOST_NAMED);
	__type(key, struct request_number);
	__type(value, struct alike);
} requests_alike SEC(".maps");

static const struct alike none_alike;

enum {
	OP_READV = 1,
	OP_WRITEV = 2,
	OP_READ_FIXED = 4,
	OP_WRITE_FIXED = 5,
	OP_SENDMSG = 9,
	OP_RECVMSG = 10,
	OP_ACCEPT = 13,
	OP_CONNECT = 16,
	OP_FALLOCATE = 17,
	OP_OPENAT = 18,
	OP_CLOSE = 19,
	OP_STATX = 21,
	OP_READ = 22,
	OP_WRITE = 23,
	OP_SEND = 26,
	OP_RECV = 27,
	OP_OPENAT2 = 28,
	OP_EPOLL_CTL = 29,
	OP_SPLICE = 30,
	OP_TEE = 33,
	OP_SHUTDOWN = 34,
	OP_RENAMEAT = 35,
	OP_UNLINKAT = 36,
	OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38,
	OP_LINKAT = 39,
	OP_FSETXATTR = 41,
	OP_SETXATTR = 42,
	OP_FGETXATTR = 43,
	OP_GETXATTR = 44,
	OP_SOCKET = 45,
	OP_SEND_ZC = 47,
	OP_SENDMSG_ZC = 48,
	OP_READ_MULTISHOT = 49,
	OP_FTRUNCATE = 55,
	OP_BIND = 56,
	OP_LISTEN = 57,
	OP_READV_FIXED = 60,
	OP_WRITEV_FIXED = 61,
	OP_PIPE = 62,
	OPERATIONS = 64,
};

/* The system call that does the same, by its number on x86_64; 0: there is none that anybody asks for. */
static const u16 request_calls[OPERATIONS] = {
	[OP_READV] = 295,     [OP_WRITEV] = 296,     [OP_READ_FIXED] = 17,     [OP_WRITE_FIXED] = 18,
	[OP_SENDMSG] = 46,    [OP_RECVMSG] = 47,     [OP_ACCEPT] = 288,        [OP_CONNECT] = 42,
	[OP_FALLOCATE] = 285, [OP_OPENAT] = 257,     [OP_CLOSE] = 3,           [OP_STATX] = 332,
	[OP_READ] = 17,       [OP_WRITE] = 18,       [OP_SEND] = 44,           [OP_RECV] = 45,
	[OP_OPENAT2] = 437,   [OP_EPOLL_CTL] = 233,  [OP_SPLICE] = 275,        [OP_TEE] = 276,
	[OP_SHUTDOWN] = 48,   [OP_RENAMEAT] = 316,   [OP_UNLINKAT] = 263,      [OP_MKDIRAT] = 258,
	[OP_SYMLINKAT] = 266, [OP_LINKAT] = 265,     [OP_FSETXATTR] = 190,     [OP_SETXATTR] = 188,
	[OP_FGETXATTR] = 193, [OP_GETXATTR] = 191,   [OP_SOCKET] = 41,         [OP_SEND_ZC] = 44,
	[OP_SENDMSG_ZC] = 46, [OP_READ_MULTISHOT] = 17, [OP_FTRUNCATE] = 77,   [OP_BIND] = 49,
	[OP_LISTEN] = 50,     [OP_READV_FIXED] = 295, [OP_WRITEV_FIXED] = 296, [OP_PIPE] = 293,
};

/* Where texts gather until they are kept: behind what an event of a request can take. */
inline_always u8 *next_text(struct scratch *s)
{
	return &s->buf[HALF + (s->taken & (2 * LONGEST_PATH - 1))];
}

/* Keeps a name that the kernel has copied as an argument. Returns 0, or -1 where it does not fit. */
noinline int keep_name(struct scratch *s, u32 which, u64 filename)
{
	long size;

	if (!s)
		return -1;
	size = bpf_probe_read_kernel_str(next_text(s), LONGEST_PATH, BPF_CORE_READ((struct filename *)filename, name));
	if (size <= 0 || size > LONGEST_PATH)
		size = 0;
	s->request.args[which & 3] = s->taken;
	s->request.texts |= 1 << (which & 3);
	s->taken += size;
	return s->taken > TEXT_BYTES ? -1 : 0;
}

/*
 * Keeps the kernel's copy of a socket's address, or where there is none the place of the program's. Some kernels keep the
 * address alone and others a message with it in the middle, whose first word is a pointer: no pointer is odd or ends in
 * 2 or 10 as the families do that are decoded.
 */
inline_always void keep_address(struct scratch *s, struct io_kiocb *req, u64 given)
{
	u64 from = (u64)BPF_CORE_READ(req, async_data);
	u16 family = 0;

	s->request.args[1] = given;
	if (!from || bpf_probe_read_kernel(&family, sizeof family, (void *)from))
		return;
	if (family != AF_UNIX && family != AF_INET && family != AF_INET6) {
		if (!bpf_core_field_exists(((struct io_async_msghdr *)0)->addr))
			return;
		from += bpf_core_field_offset(struct io_async_msghdr, addr);
	}
	bpf_probe_read_kernel(next_text(s), ADDRESS_BYTES, (void *)from);
	s->request.args[1] = s->taken;
	s->request.texts |= 1 << 1;
	s->taken += ADDRESS_BYTES;
}

/* A field of the operation's own structure; 0 where this kernel does not have it. */
#define OF(type, field) \
	(bpf_core_field_exists(((struct type *)0)->field) ? (u64)BPF_CORE_READ((struct type *)req, field) : 0)

/* Fills in the arguments as the system call would have them. Returns -1 where names are longer than what can be kept. */
inline_always int take_request(struct scratch *s, struct io_kiocb *req, u32 op)
{
	struct request *r = &s->request;
	int result = 0;

	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2:
		r->args[0] = (s32)OF(io_open, dfd);
		r->slot = OF(io_open, file_slot);
		result = keep_name(s, 1, OF(io_open, filename));
		if (op == OP_OPENAT) {
			r->args[2] = OF(io_open, how.flags) & ~0100000ULL; /* the kernel has added O_LARGEFILE */
			r->args[3] = OF(io_open, how.mode);
			return result;
		}
		bpf_probe_read_kernel(next_text(s), 24, (void *)((u64)req + bpf_core_field_offset(struct io_open, how)));
		r->args[2] = s->taken;
		r->texts |= 1 << 2;
		s->taken += 24;
		return s->taken > TEXT_BYTES ? -1 : result;
	case OP_CLOSE:
		r->slot = OF(io_close, file_slot);
		r->args[0] = r->slot ? RING_SLOT + r->slot - 1 : (s32)OF(io_close, fd);
		r->slot = 0;
		return 0;
	case OP_CONNECT:
		r->args[2] = OF(io_connect, addr_len);
		keep_address(s, req, OF(io_connect, addr));
		return 0;
	case OP_BIND:
		r->args[2] = OF(io_bind, addr_len);
		keep_address(s, req, 0);
		return 0;
	case OP_ACCEPT:
		r->args[3] = OF(io_accept, flags);
		r->slot = OF(io_accept, file_slot);
		return 0;
	case OP_SOCKET:
		r->args[0] = OF(io_socket, domain);
		r->args[1] = OF(io_socket, type);
		r->args[2] = OF(io_socket, protocol);
		r->slot = OF(io_socket, file_slot);
		return 0;
	case OP_LISTEN:
		r->args[1] = OF(io_listen, backlog);
		return 0;
	case OP_SHUTDOWN:
		r->args[1] = OF(io_shutdown, how);
		return 0;
	case OP_SEND:
	case OP_SEND_ZC:
	case OP_RECV:
	case OP_SENDMSG:
	case OP_SENDMSG_ZC:
	case OP_RECVMSG:
		r->args[1] = (u64)OF(io_sr_msg, buf);
		r->args[2] = OF(io_sr_msg, len);
		r->args[3] = OF(io_sr_msg, msg_flags);
		return 0;
	case OP_READV:
	case OP_WRITEV:
	case OP_READV_FIXED:
	case OP_WRITEV_FIXED:
	case OP_READ:
	case OP_WRITE:
	case OP_READ_FIXED:
	case OP_WRITE_FIXED:
	case OP_READ_MULTISHOT:
		r->args[1] = OF(io_rw, addr);
		r->args[2] = OF(io_rw, len);
		r->args[3] = OF(io_rw, kiocb.ki_pos);
		return 0;
	case OP_UNLINKAT:
		r->args[0] = (s32)OF(io_unlink, dfd);
		r->args[2] = OF(io_unlink, flags);
		return keep_name(s, 1, OF(io_unlink, filename));
	case OP_MKDIRAT:
		r->args[0] = (s32)OF(io_mkdir, dfd);
		r->args[2] = OF(io_mkdir, mode);
		return keep_name(s, 1, OF(io_mkdir, filename));
	case OP_RENAMEAT:
		r->args[0] = (s32)OF(io_rename, old_dfd);
		r->args[2] = (s32)OF(io_rename, new_dfd);
		r->args[4] = OF(io_rename, flags);
		result = keep_name(s, 1, OF(io_rename, oldpath));
		return keep_name(s, 3, OF(io_rename, newpath)) | result;
	case OP_LINKAT:
		r->args[0] = (s32)OF(io_link, old_dfd);
		r->args[2] = (s32)OF(io_link, new_dfd);
		r->args[4] = OF(io_link, flags);
		result = keep_name(s, 1, OF(io_link, oldpath));
		return keep_name(s, 3, OF(io_link, newpath)) | result;
	case OP_SYMLINKAT:
		r->args[1] = (s32)OF(io_link, new_dfd);
		result = keep_name(s, 0, OF(io_link, oldpath));
		return keep_name(s, 2, OF(io_link, newpath)) | result;
	case OP_PIPE:
		r->args[0] = (u64)OF(io_pipe, fds);
		r->args[1] = OF(io_pipe, flags);
		return 0;
	case OP_SPLICE:
		r->args[2] = r->args[0];
		r->args[0] = (s32)OF(io_splice, splice_fd_in);
		r->args[4] = OF(io_splice, len);
		r->args[5] = OF(io_splice, flags);
		return 0;
	}
	return 0;
}

/* Holds the program that makes the event, so that it need not be part of each that finds out that there is one to make. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} request_teller SEC(".maps");

/* Makes the event of the request that is in the scratch memory; its names are where `texts` says. */
SEC("raw_tp/peregrine_tell_request")
int tell_request(u64 *ctx)
{
	struct scratch *s = get_scratch(0);
	struct request *r;
	u64 key;
	u32 type, i;

	if (!s)
		return 0;
	r = &s->request;
	if (r->nr >= SYSCALLS)
		return 0;
	type = syscall_events[r->nr];
	if (type >= EVENT_TYPES)
		return 0;
	begin_event(s, type, recipes[type].params, r->tid);
	s->is_request = 1;
	for (i = 0; i < 6; i++)
		s->args[i] = r->args[i] + (r->texts >> i & 1 ? s->texts : 0);
	s->args[6] = s->args[7] = 0;
	s->nr = r->nr;
	s->is_compat = r->is_compat;
	s->ret = r->result;
	if (r->slot && s->ret >= 0)
		s->ret = RING_SLOT + (r->slot == ANY_SLOT ? s->ret : r->slot - 1);
	if (r->result >= 0 || !shared.drop_failed) {
		fill_by_recipe(s, type);
		submit_event(s);
	}
	key = r->key;
	if (!key)
		return 0;
	if (r->texts)
		bpf_map_delete_elem(&request_texts, &key);
	bpf_map_delete_elem(&requests, &key);
	return 0;
}

/* Tells the request that is kept under `key`, and has it forgotten unless it `goes_on`. Does not return if there is one. */
inline_always void end_request(u64 *ctx, u64 key, s64 result, u64 file, bool goes_on)
{
	struct request *r = bpf_map_lookup_elem(&requests, &key);
	struct scratch *s = r ? get_scratch(0) : NULL;

	if (!s)
		return;
	s->request = *r;
	s->request.result = result;
	s->request.file = file;
	s->request.key = goes_on ? 0 : key;
	s->texts = r->texts ? (u64)bpf_map_lookup_elem(&request_texts, &key) : 0;
	bpf_tail_call(ctx, &request_teller, 0);
}

/* Puts a request where a completion without it will find it. Returns -1 where there are too many of its number. */
inline_always int list_request(struct scratch *s, u64 key)
{
	struct request_number number = {s->request.ring, s->request.user_data};
	struct alike *alike = bpf_map_lookup_elem(&requests_alike, &number);
	struct request *there;
	u32 i;

	if (!alike) {
		if (bpf_map_update_elem(&requests_alike, &number, &none_alike, BPF_ANY))
			return -1;
		alike = bpf_map_lookup_elem(&requests_alike, &number);
		if (!alike)
			return -1;
	}
	i = alike->next & (MOST_ALIKE - 1);
	there = bpf_map_lookup_elem(&requests, &alike->request[i]);
	if (there && there->ring == number.ring && there->user_data == number.user_data)
		return -1;
	alike->request[i] = key;
	alike->next = i + 1;
	return 0;
}

/* Keeps the request until it is completed. Returns -1 where that cannot be. */
inline_always int keep_request(struct scratch *s, u64 key)
{
	if (list_request(s, key) || bpf_map_update_elem(&requests, &key, &s->request, BPF_ANY))
		return -1;
	if (!s->request.texts || !bpf_map_update_elem(&request_texts, &key, &s->buf[HALF], BPF_ANY))
		return 0;
	bpf_map_delete_elem(&requests, &key);
	return -1;
}

SEC("raw_tp/io_uring_submit_req")
int watch_request(u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	u64 key = ctx[0];
	struct io_kiocb *req = (struct io_kiocb *)key;
	u32 op = BPF_CORE_READ(req, opcode);
	struct request *r;
	struct scratch *s;
	u32 nr, flags;
	s32 fd;

	if (op >= OPERATIONS)
		return 0;
	nr = masked(request_calls[op], SYSCALLS - 1);
	if (!nr || !shared.wanted_call[nr] || is_self(task))
		return 0;
	s = get_scratch(syscall_events[nr]);
	if (!s)
		return 0;
	r = &s->request;
	__builtin_memset(r, 0, sizeof *r);
	s->taken = 0;
	flags = BPF_CORE_READ(req, flags);
	fd = BPF_CORE_READ(req, cqe.fd);
	r->args[0] = flags & REQ_FIXED_FILE ? RING_SLOT + fd : fd;
	r->ring = (u64)BPF_CORE_READ(req, ctx);
	r->user_data = BPF_CORE_READ(req, cqe.user_data);
	/* A thread that takes requests from the ring by itself is no thread that the program knows. */
	r->tid = task->flags & PF_IO_WORKER ? task->tgid : task->pid;
	r->nr = nr;
	r->is_compat = BPF_CORE_READ_BITFIELD_PROBED((struct io_ring_ctx *)r->ring, compat);
	if (take_request(s, req, op) || (flags & REQ_SKIPS_COMPLETION) || keep_request(s, key)) {
		s->texts = (u64)&s->buf[HALF];
		bpf_tail_call(ctx, &request_teller, 0);
	}
	return 0;
}

/* The key of the oldest request of a number, where only the number is known; 0 where there is none. */
inline_always u64 key_of_number(struct request_number *number)
{
	struct alike *alike = bpf_map_lookup_elem(&requests_alike, number);
	u32 i;

	if (!alike)
		return 0;
	for (i = 0; i < MOST_ALIKE; i++) {
		u64 key = alike->request[(alike->next + i) & (MOST_ALIKE - 1)];
		struct request *r = key ? bpf_map_lookup_elem(&requests, &key) : NULL;

		if (r && r->ring == number->ring && r->user_data == number->user_data)
			return key;
	}
	return 0;
}

/* As the tracepoint is called where it is given an entry of the queue; before that it is given what is in one. */
typedef void (*btf_trace_io_uring_complete___entry)(void *, struct io_ring_ctx *, void *, struct io_uring_cqe *);

SEC("raw_tp/io_uring_complete")
int watch_completion(u64 *ctx)
{
	struct io_kiocb *req = (struct io_kiocb *)ctx[1];
	struct io_uring_cqe *cqe = (struct io_uring_cqe *)ctx[2];
	struct request_number number = {ctx[0], 0};

	/* The program can write to its queue: what the kernel keeps for itself is read, where there is such. */
	if (req) {
		end_request(ctx, (u64)req, BPF_CORE_READ(req, cqe.res), (u64)BPF_CORE_READ(req, file), false);
		return 0;
	}
	if (!bpf_core_type_exists(btf_trace_io_uring_complete___entry)) {
		number.user_data = ctx[2];
		end_request(ctx, key_of_number(&number), (s32)ctx[3], 0, (ctx[4] & CQE_MORE) != 0);
		return 0;
	}
	number.user_data = BPF_CORE_READ(cqe, user_data);
	end_request(ctx, key_of_number(&number), BPF_CORE_READ(cqe, res), 0, (BPF_CORE_READ(cqe, flags) & CQE_MORE) != 0);
	return 0;
}

SEC("raw_tp/io_uring_cqe_overflow")
int watch_overflow(u64 *ctx)
{
	struct request_number number = {ctx[0], ctx[1]};

	end_request(ctx, key_of_number(&number), (s32)ctx[2], 0, (ctx[3] & CQE_MORE) != 0);
	return 0;
}
