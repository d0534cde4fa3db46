/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Addresses of sockets: as programs give them, and as the kernel knows them. */
#pragma once

#include "files.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* sockaddr of any of the families that are decoded. */
struct address {
	u16 family;
	union {
		struct {
			u16 port;
			u32 ip;
		} __attribute__((packed)) in;
		struct {
			u16 port;
			u32 flow;
			u8 ip[16];
		} __attribute__((packed)) in6;
		char path[110];
	};
} __attribute__((packed));

inline_always u16 swap16(u16 value)
{
	return value << 8 | value >> 8;
}

/* A sockaddr of the program: family, then ip and port, or path. Empty for other families, and where it cannot be read. */
inline_always int push_address(struct scratch *s, u64 from, u32 len)
{
	struct address *address;
	u8 *to;

	if (!s)
		return 0;
	address = (struct address *)s->work;
	to = next_param(s);
	if (len > sizeof *address)
		len = sizeof *address;
	__builtin_memset(address, 0, sizeof *address);
	if (!from || len < 2 || read_given(s, address, masked(len, 127), from)) {
		push_empty(s);
		return 0;
	}
	to[0] = address->family;
	switch (address->family) {
	case AF_INET:
		*(u32 *)&to[1] = address->in.ip;
		*(u16 *)&to[5] = swap16(address->in.port);
		end_param(s, 7);
		return 0;
	case AF_INET6:
		__builtin_memcpy(&to[1], address->in6.ip, 16);
		*(u16 *)&to[17] = swap16(address->in6.port);
		end_param(s, 19);
		return 0;
	case AF_UNIX: {
		/* An abstract name begins with a NUL. */
		const char *path = &address->path[0];
		long size;

		if (*path == 0)
			path++;
		size = bpf_probe_read_kernel_str(&to[1], 109, path);
		end_param(s, size > 0 && size <= 109 ? 1 + size : 1);
		return 0;
	}
	}
	push_empty(s);
	return 0;
}

/* The socket behind a descriptor; NULL for what is none. A request has the file that its first argument names. */
inline_always struct socket *socket_of(struct scratch *s, s64 fd)
{
	struct file *file = s->is_request && s->request.file && fd == (s32)s->args[0] ? (struct file *)s->request.file : file_of(fd);

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return (struct socket *)BPF_CORE_READ(file, private_data);
}

struct ends {
	u8 local_ip[16], remote_ip[16];
	u16 local_port, remote_port;
};

inline_always void push_inet(struct scratch *s, u8 family, struct ends *e, bool outbound, u32 width)
{
	u8 *to = next_param(s);

	to[0] = family;
	if (width == 4) {
		*(u32 *)&to[1] = *(u32 *)(outbound ? e->local_ip : e->remote_ip);
		*(u16 *)&to[5] = outbound ? e->local_port : e->remote_port;
		*(u32 *)&to[7] = *(u32 *)(outbound ? e->remote_ip : e->local_ip);
		*(u16 *)&to[11] = outbound ? e->remote_port : e->local_port;
		end_param(s, 13);
		return;
	}
	if (outbound) {
		__builtin_memcpy(&to[1], e->local_ip, 16);
		__builtin_memcpy(&to[19], e->remote_ip, 16);
	} else {
		__builtin_memcpy(&to[1], e->remote_ip, 16);
		__builtin_memcpy(&to[19], e->local_ip, 16);
	}
	*(u16 *)&to[17] = outbound ? e->local_port : e->remote_port;
	*(u16 *)&to[35] = outbound ? e->remote_port : e->local_port;
	end_param(s, 37);
}

/*
 * The two ends of a socket, the sender first. Where it is not connected, the other end is in the address `given` by the
 * call.
 */
noinline int push_tuple_of(struct scratch *s, u64 of, u32 outbound, u64 given)
{
	struct socket *socket = (struct socket *)of;
	struct sock *sk;
	struct ends e = {};
	struct address address = {};
	u16 family;

	if (!s)
		return 0;
	if (!socket) {
		push_empty(s);
		return 0;
	}
	sk = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	switch (family) {
	case AF_INET: {
		struct inet_sock *inet = (struct inet_sock *)sk;

		*(u32 *)e.local_ip = BPF_CORE_READ(inet, inet_saddr);
		e.local_port = swap16(BPF_CORE_READ(inet, inet_sport));
		*(u32 *)e.remote_ip = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		e.remote_port = swap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
		if (e.remote_port == 0 && given && !read_given(s, &address, 8, given)) {
			*(u32 *)e.remote_ip = address.in.ip;
			e.remote_port = swap16(address.in.port);
		}
		push_inet(s, AF_INET, &e, outbound, 4);
		return 0;
	}
	case AF_INET6: {
		BPF_CORE_READ_INTO((struct in6_addr *)e.local_ip, sk, __sk_common.skc_v6_rcv_saddr);
		e.local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
		BPF_CORE_READ_INTO((struct in6_addr *)e.remote_ip, sk, __sk_common.skc_v6_daddr);
		e.remote_port = swap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
		if (e.remote_port == 0 && given && !read_given(s, &address, 24, given)) {
			__builtin_memcpy(e.remote_ip, address.in6.ip, 16);
			e.remote_port = swap16(address.in6.port);
		}
		push_inet(s, AF_INET6, &e, outbound, 16);
		return 0;
	}
	case AF_UNIX: {
		struct unix_sock *local = (struct unix_sock *)sk;
		struct unix_sock *remote = (struct unix_sock *)BPF_CORE_READ(local, peer);
		struct unix_address *name = BPF_CORE_READ(outbound ? remote : local, addr);
		u8 *to = next_param(s);
		long size = 0;

		to[0] = AF_UNIX;
		*(u64 *)&to[1] = (u64)(outbound ? remote : local);
		*(u64 *)&to[9] = (u64)(outbound ? local : remote);
		if (name) {
			u64 path = (u64)name + bpf_core_field_offset(struct unix_address, name) + 2;
			u8 first = 0;

			bpf_probe_read_kernel(&first, 1, (void *)path);
			if (first == 0)
				path++;
			size = bpf_probe_read_kernel_str(&to[17], 109, (void *)path);
		} else if (given && outbound) {
			u8 first = 0;

			given += 2;
			read_given(s, &first, 1, given);
			if (first == 0)
				given++;
			size = is_kept(s, given) ? bpf_probe_read_kernel_str(&to[17], 109, (void *)given)
						 : bpf_probe_read_user_str(&to[17], 109, (void *)given);
		}
		if (size <= 0 || size > 109) {
			to[17] = 0;
			size = 1;
		}
		end_param(s, 17 + size);
		return 0;
	}
	}
	push_empty(s);
	return 0;
}

inline_always void push_tuple(struct scratch *s, s64 fd, u32 outbound, u64 given)
{
	push_tuple_of(s, (u64)socket_of(s, fd), outbound, given);
}

/* ---- sendmsg and recvmsg ---- */

struct message {
	u64 name;
	u32 name_len, pad;
	u64 vectors, vector_count, control, control_len;
	s32 flags, pad2;
};

inline_always int read_message(struct scratch *s, u64 from, struct message *m)
{
	__builtin_memset(m, 0, sizeof *m);
	if (s->is_compat) {
		u32 words[7] = {};

		if (bpf_probe_read_user(words, sizeof words, (void *)from))
			return -1;
		m->name = words[0];
		m->name_len = words[1];
		m->vectors = words[2];
		m->vector_count = words[3];
		m->control = words[4];
		m->control_len = words[5];
		return 0;
	}
	return bpf_probe_read_user(m, sizeof *m, (void *)from) ? -1 : 0;
}

/* ---- Options ---- */

/* Values are one byte that says which type it has, then the value: the dynamic table of the parameter. */
enum { OPTION_BYTES = 0, OPTION_ERRNO = 1, OPTION_U32 = 2, OPTION_U64 = 3, OPTION_TIME = 4 };

inline_always int push_option(struct scratch *s, u64 value, u32 size, u32 level_option)
{
	u32 level = level_option >> 16, option = level_option & 0xffff;
	u8 *to;

	if (!s)
		return 0;
	to = next_param(s);
	if (level == 1 && option == 4) { /* SO_ERROR */
		s32 error = 0;

		bpf_probe_read_user(&error, sizeof error, (void *)value);
		to[0] = OPTION_ERRNO;
		*(s64 *)&to[1] = -(s64)error;
		end_param(s, 9);
		return 0;
	}
	if (level == 1 && (option == 20 || option == 21 || option == 66 || option == 67)) {
		u64 time = 0;

		if (s->is_compat && option <= 21) {
			s32 pair[2] = {};

			bpf_probe_read_user(pair, sizeof pair, (void *)value);
			time = pair[0] * 1000000000ULL + pair[1] * 1000ULL;
		} else {
			s64 pair[2] = {};

			bpf_probe_read_user(pair, sizeof pair, (void *)value);
			time = pair[0] * 1000000000ULL + pair[1] * 1000ULL;
		}
		to[0] = OPTION_TIME;
		*(u64 *)&to[1] = time;
		end_param(s, 9);
		return 0;
	}
	if (level == 1 && (option == 57 || option == 47)) { /* SO_COOKIE, SO_MAX_PACING_RATE */
		u64 number = 0;

		bpf_probe_read_user(&number, size < 8 ? 4 : 8, (void *)value);
		to[0] = OPTION_U64;
		*(u64 *)&to[1] = number;
		end_param(s, 9);
		return 0;
	}
	if (level == 1 && size == 4 && option != 26 && option != 50) {
		u32 number = 0;

		bpf_probe_read_user(&number, sizeof number, (void *)value);
		to[0] = OPTION_U32;
		*(u32 *)&to[1] = number;
		end_param(s, 5);
		return 0;
	}
	to[0] = OPTION_BYTES;
	if (size > shared.snaplen)
		size = shared.snaplen;
	if (size > LONGEST_VECTOR || !has_room(s))
		size = 0;
	if (size > 0 && bpf_probe_read_user(&to[1], masked(size, 2 * LONGEST_VECTOR - 1), (void *)value))
		size = 0;
	end_param(s, 1 + size);
	return 0;
}
