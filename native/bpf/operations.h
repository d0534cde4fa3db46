/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * How parameters of system calls are made. Most calls are described by a row of a table, one operation a parameter: "the
 * result", "argument 1 as a path", "argument 2 as open flags". One small interpreter carries them out.
 */
#pragma once

#include "sockets.h"
#include "tasks.h"

enum operation {
	NOTHING, /* an empty parameter */
	RESULT,  /* s64 */
	RESULT32,
	CODE, /* code of the call, u16 */
	NUMBER, /* its number, u16 */
	/* Argument as it is. */
	FD, /* s32 to s64 */
	S64,
	U8,
	U16,
	U32,
	U64,
	ZERO8,
	ZERO16,
	ZERO32,
	/* Memory of the program. */
	TEXT,         /* a NUL-terminated text */
	RESULT_TEXT,  /* the same, if the call succeeded */
	READ_DATA,    /* as many bytes as the result says */
	WRITTEN_DATA, /* as many bytes as the result, or after a failure the next argument says */
	SIZED_DATA,   /* as many bytes as the next argument says */
	READ_VECTORS,
	WRITTEN_VECTORS,
	VECTORS_SIZE,
	U32_AT, /* where the argument points to */
	U64_AT,
	FD_AT, /* the first and the second of two descriptors */
	SECOND_FD_AT,
	TIME_AT, /* a timespec as ns */
	SIGNALS_AT, /* the first 32 signals of a set */
	LIMIT_AT,   /* soft and hard limit of a struct rlimit, if the call succeeded */
	HARD_LIMIT_AT,
	GIVEN_LIMIT_AT, /* the same whether or not it did */
	GIVEN_HARD_LIMIT_AT,
	/* The file that the call opened. */
	OPEN_FLAGS, /* must come before DEVICE and INODE */
	OPEN_MODE,  /* argument, if the one before it asks for a new file */
	CREATED_FLAGS, /* u16: layers of an overlay file system */
	DEVICE,
	INODE,
	RESULT_PATH,
	HOW_FLAGS, /* of openat2's struct */
	HOW_MODE,
	HOW_RESOLVE,
	/* Flags in the numbers of events. */
	FD_FLAGS,
	FD_FLAGS16,
	CLONE_FLAGS,
	PROTECTION,
	MAPPING,
	MASKED, /* next entry of the row: the mask; u32 */
	MASK,
	MOUNT_FLAGS,
	FCNTL,
	CHOWN_FLAGS,
	DELETE_FLAGS,
	CLOEXEC_BIT, /* O_CLOEXEC as 1 */
	NONBLOCK_BIT,
	SEMCTL,
	SEMCTL_VALUE,
	SEMGET,
	OPTION_LEVEL,
	OPTION_NAME,
	OPTION_VALUE,
	OPTION_SIZE_AT,
	PTRACE_REQUEST,
	PTRACE_ADDRESS,
	PTRACE_DATA,
	MEMORY, /* three parameters */
	SIGNAL,
	/* Sockets. */
	ADDRESS, /* argument and its length in the next */
	TUPLE_OUT,      /* of descriptor 0, if the call succeeded; the address in the argument helps */
	TUPLE_IN,
	TUPLE_RESULT,   /* of the descriptor that the call returned */
	TUPLE_CONNECT,  /* if the call succeeded or is going on */
	SOCKET_FLAGS,   /* in the type of a socket */
	QUEUE,          /* three parameters: how full the queue of connections is */
	MESSAGE_SIZE,
	MESSAGE_WRITTEN,
	MESSAGE_READ,
	MESSAGE_OUT,
	MESSAGE_IN,
	MESSAGE_CONTROL,
	SOCKET_AT, /* address of the socket behind the first, second descriptor of a pair */
	SECOND_SOCKET_AT,
	/* Others. */
	PIPE_INODE,
	CAPABILITIES, /* three parameters */
	POLL_LIST,
	PRCTL_TEXT,
	PRCTL_NUMBER,
	URING_U32, /* word of the struct that argument 1 points to */
	URING_FLAGS,
	URING_FEATURES,
	KEY_NUMBER, /* argument of keyctl */
	SEM_NUMBER, /* of the first, second operation of semop */
	SEM_OPERATION,
	SEM_FLAGS,
	CONFIG_BYTES,
	CONFIG_TEXT,
	QUOTA_FILE,
	QUOTA_BLOCK,
	QUOTA_INFO,
	QUOTA_FORMAT_OUT,
	QUOTA_COMMAND,
	QUOTA_TYPE,
	QUOTA_ID,
	QUOTA_FORMAT,
};

struct step {
	u8 op;
	u8 arg;
};

#define MOST_STEPS 20

struct recipe {
	u8 steps;
	u8 params;
	struct step step[MOST_STEPS];
};

#define P(op, arg) {op, arg}

inline_always u64 arg(struct scratch *s, u32 i)
{
	return s->args[i & 7];
}

inline_always void push_user_u32(struct scratch *s, u64 from)
{
	u32 value = 0;

	if (from)
		bpf_probe_read_user(&value, sizeof value, (void *)from);
	push_u32(s, value);
}

/* A word of the program's own size. */
inline_always u64 read_word(struct scratch *s, u64 from, u32 index)
{
	u64 value = 0;

	if (s->is_compat)
		bpf_probe_read_user(&value, 4, (void *)(from + index * 4));
	else
		bpf_probe_read_user(&value, 8, (void *)(from + index * 8));
	return value;
}

/* RLIM_INFINITY is -1 for both kinds of programs. */
inline_always s64 read_limit(struct scratch *s, u64 from, u32 index)
{
	u64 value;

	if (!from)
		return -1;
	value = read_word(s, from, index);
	return s->is_compat && value == 0xffffffff ? -1 : value;
}

inline_always u64 how_word(struct scratch *s, u32 a, u32 index)
{
	u64 value = 0;

	read_given(s, &value, sizeof value, arg(s, a) + index * 8);
	return value;
}

struct poll_entry {
	s32 fd;
	u16 events, returned;
};

inline_always int take_poll_entry(struct scratch *s, u64 at)
{
	struct poll_entry entry;
	u8 *to;

	if (!s || bpf_probe_read_user(&entry, sizeof entry, (void *)at))
		return 1;
	to = next_piece(s);
	*(s64 *)to = entry.fd;
	*(u16 *)(to + 8) = poll_events(s->ret > 0 ? entry.returned : entry.events);
	s->taken += 10;
	return 0;
}

inline_always int push_poll_list(struct scratch *s)
{
	u32 i;

	if (!s)
		return 0;
	if (!has_room(s)) {
		push_empty(s);
		return 0;
	}
	s->taken = 2;
	for (i = 0; i < 16 && i < s->args[1]; i++)
		if (take_poll_entry(s, s->args[0] + i * sizeof(struct poll_entry)))
			break;
	*(u16 *)next_param(s) = (s->taken - 2) / 10;
	end_param(s, s->taken);
	return 0;
}

#include "operations_io.h"
#include "operations_misc.h"

/* Appends what one step of a recipe makes, mostly one parameter. */
noinline int carry_out(struct scratch *s, u32 op, u32 a)
{
	u64 value;

	if (!s)
		return 0;
	if (op >= ADDRESS)
		return op >= PIPE_INODE ? carry_out_misc(s, op, a) : carry_out_socket(s, op, a);
	if (op >= FD_FLAGS)
		return carry_out_flags(s, op, a);
	value = arg(s, a);
	switch (op) {
	case RESULT:
		push_u64(s, s->ret);
		break;
	case RESULT32:
		push_u32(s, s->ret);
		break;
	case CODE:
		push_u16(s, syscall_codes[s->nr & (SYSCALLS - 1)]);
		break;
	case NUMBER:
		push_u16(s, s->nr);
		break;
	case FD:
		push_u64(s, (s64)(s32)value);
		break;
	case S64:
		push_u64(s, (s64)(s32)value);
		break;
	case U8:
		push_u8(s, value);
		break;
	case U16:
		push_u16(s, value);
		break;
	case U32:
		push_u32(s, value);
		break;
	case U64:
		push_u64(s, value);
		break;
	case ZERO8:
		push_u8(s, 0);
		break;
	case ZERO16:
		push_u16(s, 0);
		break;
	case ZERO32:
		push_u32(s, 0);
		break;
	case TEXT:
		push_user_text(s, value);
		break;
	case RESULT_TEXT:
		push_user_text(s, s->ret >= 0 ? value : 0);
		break;
	case READ_DATA:
		push_user_bytes(s, value, s->ret > 0 ? s->ret : 0, shared.snaplen);
		break;
	case WRITTEN_DATA:
		push_user_bytes(s, value, s->ret > 0 ? s->ret : (u32)arg(s, a + 1), shared.snaplen);
		break;
	case SIZED_DATA:
		push_user_bytes(s, value, arg(s, a + 1), shared.snaplen);
		break;
	case READ_VECTORS:
		push_vectors(s, value, arg(s, a + 1), s->ret);
		break;
	case WRITTEN_VECTORS:
		push_vectors(s, value, arg(s, a + 1), s->ret > 0 ? s->ret : 0x7fffffff);
		break;
	case VECTORS_SIZE:
		push_u32(s, size_of_vectors(s, value, arg(s, a + 1)));
		break;
	case U32_AT:
		push_user_u32(s, value);
		break;
	case U64_AT:
		push_u64(s, value ? read_word(s, value, 0) : 0);
		break;
	case FD_AT:
	case SECOND_FD_AT: {
		s32 fd = -1;

		if (s->ret >= 0)
			bpf_probe_read_user(&fd, sizeof fd, (void *)(value + (op == FD_AT ? 0 : 4)));
		push_u64(s, (s64)fd);
		break;
	}
	case TIME_AT:
		push_u64(s, value ? read_word(s, value, 0) * 1000000000ULL + read_word(s, value, 1) : -1);
		break;
	case SIGNALS_AT:
		push_user_u32(s, value);
		break;
	case LIMIT_AT:
	case HARD_LIMIT_AT:
		push_u64(s, s->ret >= 0 ? read_limit(s, value, op - LIMIT_AT) : -1);
		break;
	case GIVEN_LIMIT_AT:
	case GIVEN_HARD_LIMIT_AT:
		push_u64(s, read_limit(s, value, op - GIVEN_LIMIT_AT));
		break;
	case OPEN_FLAGS:
		push_u32(s, open_flags(value) | take_opened(s));
		break;
	case OPEN_MODE:
		push_u32(s, arg(s, a - 1) & (L_O_CREAT | 020000000) ? value : 0);
		break;
	case CREATED_FLAGS:
		push_u16(s, take_opened(s) >> 15 & 3);
		break;
	case DEVICE:
		push_u32(s, s->dev);
		break;
	case INODE:
		push_u64(s, s->ino);
		break;
	case RESULT_PATH:
		push_file_path(s, (u64)file_of(s->ret));
		break;
	case HOW_FLAGS:
		push_u32(s, open_flags(how_word(s, a, 0)) | take_opened(s));
		break;
	case HOW_MODE:
		push_u32(s, how_word(s, a, 0) & (L_O_CREAT | 020000000) ? how_word(s, a, 1) : 0);
		break;
	case HOW_RESOLVE: {
		u64 flags = how_word(s, a, 2);

		push_u32(s, MAP_BIT(0x8, 0x1) | MAP_BIT(0x10, 0x2) | MAP_BIT(0x2, 0x4) | MAP_BIT(0x4, 0x8) |
				    MAP_BIT(0x1, 0x10) | MAP_BIT(0x20, 0x20));
		break;
	}
	default:
		push_empty(s);
	}
	return 0;
}
