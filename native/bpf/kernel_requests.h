/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Requests of io_uring, as kernel.h has the kernel's other structures. The first members of a request are those of its
 * operation, in a structure of its own.
 */
#pragma once

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_cqe {
	u64 user_data;
	s32 res;
	s32 fd;
};

struct io_kiocb {
	u8 opcode;
	u32 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	void *async_data;
	struct file *file;
};

struct io_ring_ctx {
	u32 compat : 1;
};

struct io_uring_cqe {
	u64 user_data;
	s32 res;
	u32 flags;
};

struct filename {
	const char *name;
};

struct open_how {
	u64 flags, mode, resolve;
};

struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_close {
	int fd;
	u32 file_slot;
};

struct io_connect {
	void *addr;
	int addr_len;
};

struct io_bind {
	int addr_len;
};

struct __kernel_sockaddr_storage {
	u16 ss_family;
};

struct io_async_msghdr {
	struct __kernel_sockaddr_storage addr;
};

struct io_accept {
	int flags;
	u32 file_slot;
};

struct io_socket {
	int domain, type, protocol;
	u32 file_slot;
};

struct io_listen {
	int backlog;
};

struct io_shutdown {
	int how;
};

struct io_sr_msg {
	void *buf;
	int len;
	u32 msg_flags;
};

struct io_rw {
	struct kiocb kiocb;
	u64 addr;
	u32 len;
};

struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};

struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};

struct io_link {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};

struct io_pipe {
	int *fds;
	int flags, file_slot;
};

struct io_splice {
	u64 len;
	int splice_fd_in;
	u32 flags;
};

#pragma clang attribute pop
