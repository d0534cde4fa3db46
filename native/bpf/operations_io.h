/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Operations on flags and on sockets. */
#pragma once

noinline int carry_out_flags(struct scratch *s, u32 op, u32 a)
{
	u64 value, flags;

	if (!s)
		return 0;
	value = arg(s, a);
	flags = value;
	switch (op) {
	case FD_FLAGS:
		push_u32(s, pipe_flags(value));
		break;
	case FD_FLAGS16:
		push_u16(s, fd_flags(value));
		break;
	case CLONE_FLAGS:
		push_u32(s, clone_flags(value));
		break;
	case PROTECTION:
		push_u32(s, prot_flags(value));
		break;
	case MAPPING:
		push_u32(s, mmap_flags(value));
		break;
	case MOUNT_FLAGS:
		push_u32(s, (value & 0xffff0000) == 0xc0ed0000 ? value & 0xffff : value);
		break;
	case FCNTL:
		push_u8(s, fcntl_command(value));
		break;
	case CHOWN_FLAGS:
		push_u32(s, MAP_BIT(0x100, 0x400) | MAP_BIT(0x1000, 0x1000));
		break;
	case DELETE_FLAGS:
		push_u32(s, MAP_BIT(04000, 0x2) | MAP_BIT(01000, 0x1));
		break;
	case CLOEXEC_BIT:
		push_u32(s, MAP_BIT(L_O_CLOEXEC, 1));
		break;
	case NONBLOCK_BIT:
		push_u32(s, MAP_BIT(L_O_NONBLOCK, 1));
		break;
	case SEMCTL:
		push_u16(s, semctl_command(value));
		break;
	case SEMCTL_VALUE:
		push_u32(s, (arg(s, a - 1) & 0xff) == 16 ? value : 0);
		break;
	case SEMGET:
		push_u32(s, semget_flags(value));
		break;
	case OPTION_LEVEL:
		push_u8(s, sockopt_level(value));
		break;
	case OPTION_NAME:
		push_u8(s, sockopt_option(arg(s, a - 1), value));
		break;
	case OPTION_VALUE: {
		u32 size = arg(s, a + 1);

		/* getsockopt is given the place of the size. */
		if (s->type == PPME_SOCKET_GETSOCKOPT_X) {
			size = 0;
			if (s->ret >= 0)
				bpf_probe_read_user(&size, sizeof size, (void *)arg(s, a + 1));
			else
				value = 0;
		}
		push_option(s, value, size, (arg(s, a - 2) & 0xffff) << 16 | (arg(s, a - 1) & 0xffff));
		break;
	}
	case OPTION_SIZE_AT:
		push_user_u32(s, value);
		break;
	case PTRACE_REQUEST:
		push_u16(s, ptrace_request(value));
		break;
	case PTRACE_ADDRESS:
	case PTRACE_DATA: {
		u8 *to = next_param(s);
		u64 number = s->ret < 0 ? 0 : value;
		u32 request = ptrace_request(arg(s, 0));

		if (op == PTRACE_DATA && s->ret >= 0) {
			/* CONT, SINGLESTEP, DETACH, SYSCALL: a signal. PEEK: the word that was read. */
			if (request == 0x8 || request == 0xa || request == 0xc || request == 0xd) {
				to[0] = 1;
				to[1] = number;
				end_param(s, 2);
				break;
			}
			if (request >= 0x2 && request <= 0x4) {
				number = 0;
				bpf_probe_read_user(&number, sizeof number, (void *)value);
			}
		}
		to[0] = 0;
		*(u64 *)&to[1] = number;
		end_param(s, 9);
		break;
	}
	case MEMORY:
		push_memory(s, (u64)BPF_CORE_READ(current_task(), mm));
		break;
	case SIGNAL:
		push_u8(s, value);
		break;
	default:
		push_empty(s);
	}
	return 0;
}

#define EINPROGRESS 115

noinline int carry_out_socket(struct scratch *s, u32 op, u32 a)
{
	u64 value, flags;
	struct message m;

	if (!s)
		return 0;
	value = arg(s, a);
	flags = value;
	switch (op) {
	case ADDRESS:
		push_address(s, value, arg(s, a + 1));
		return 0;
	case TUPLE_OUT:
	case TUPLE_IN:
		if (s->ret < 0)
			push_empty(s);
		else
			push_tuple(s, (s32)arg(s, 0), op == TUPLE_OUT, a == 7 ? 0 : value);
		return 0;
	case TUPLE_RESULT:
		if (s->ret < 0)
			push_empty(s);
		else
			push_tuple(s, s->ret, 0, 0);
		return 0;
	case TUPLE_CONNECT:
		if (s->ret == 0 || s->ret == -EINPROGRESS)
			push_tuple(s, (s32)arg(s, 0), 1, value);
		else
			push_empty(s);
		return 0;
	case SOCKET_FLAGS:
		push_u32(s, fd_flags(flags));
		return 0;
	case QUEUE: {
		struct socket *socket = socket_of(s, (s32)arg(s, 0));
		struct sock *sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
		u32 length = sk ? BPF_CORE_READ(sk, sk_ack_backlog) : 0;
		u32 most = sk ? BPF_CORE_READ(sk, sk_max_ack_backlog) : 0;

		if (s->ret < 0)
			length = most = 0;
		push_u8(s, most ? (u64)length * 100 / most : 0);
		push_u32(s, length);
		push_u32(s, most);
		return 0;
	}
	case SOCKET_AT:
	case SECOND_SOCKET_AT: {
		s32 fd = -1;
		struct socket *socket;

		if (s->ret >= 0)
			bpf_probe_read_user(&fd, sizeof fd, (void *)(value + (op == SOCKET_AT ? 0 : 4)));
		socket = fd >= 0 ? socket_of(s, fd) : NULL;
		push_u64(s, socket ? (u64)BPF_CORE_READ(socket, sk) : 0);
		return 0;
	}
	}
	/* The rest is about messages. */
	if (read_message(s, value, &m)) {
		if (op == MESSAGE_SIZE)
			push_u32(s, 0);
		else
			push_empty(s);
		return 0;
	}
	switch (op) {
	case MESSAGE_SIZE:
		push_u32(s, size_of_vectors(s, m.vectors, m.vector_count));
		break;
	case MESSAGE_WRITTEN:
		push_vectors(s, m.vectors, m.vector_count, s->ret > 0 ? s->ret : 0x7fffffff);
		break;
	case MESSAGE_READ:
		push_vectors(s, m.vectors, m.vector_count, s->ret);
		break;
	case MESSAGE_OUT:
	case MESSAGE_IN:
		if (s->ret < 0)
			push_empty(s);
		else
			push_tuple(s, (s32)arg(s, 0), op == MESSAGE_OUT, m.name);
		break;
	case MESSAGE_CONTROL:
		push_user_bytes(s, m.control, s->ret < 0 ? 0 : m.control_len, LONGEST_VECTOR - 1);
		break;
	default:
		push_empty(s);
	}
	return 0;
}
