/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The memory in which an event is put together, and how parameters are appended to it. */
#pragma once

#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "../live_shared.h"
#include "events.generated.h"

#define noinline __attribute__((noinline))
#define inline_always static __attribute__((always_inline)) inline

/* Offsets into `buf` are masked with HALF - 1, and nothing longer than HALF is written at once, so all writes are inside. */
#define HALF 0x8000
/* Behind this nothing of variable size is appended; what is appended there at the most fits into HALF. */
#define ROOM (HALF - 0x1100)
#define LONGEST_PATH 4096
#define LONGEST_VECTOR 4096

/* A size that the verifier, too, sees to be at most `mask`: the compiler would leave out what it knows already. */
inline_always u32 masked(u32 size, u32 mask)
{
	barrier_var(size);
	return size & mask;
}

/* A request of io_uring, from when it is made until it is done (requests.h). */
struct request {
	u64 args[6];
	u64 ring, user_data;
	u64 file; /* that the first argument names, once it is looked up */
	u64 key;  /* under which it is kept */
	s64 result;
	u32 tid;
	u32 slot; /* where a new file goes in the ring's table, counted from 1; 0: it becomes a descriptor */
	u16 nr;
	u8 is_compat;
	u8 texts; /* bits: arguments that are offsets into the request's texts */
	u32 pad;
};

struct scratch {
	u64 args[8]; /* of the system call, as a 64-bit program would have given them */
	s64 ret;
	u32 off;   /* bytes of `buf` that are used */
	u32 count; /* parameters that are done */
	u32 type;
	u32 nr;
	u32 is_compat;  /* the caller is a 32-bit program */
	u32 is_request; /* of io_uring: names and addresses are in the kernel's memory */
	u32 dev;        /* of the file opened last */
	/*
	 * Where in `work` the path begins so far. Here and not beside what else a walk needs, on the stack: there some verifiers
	 * would follow every value that it can take, step by step (Linux 6.6 to 6.12 give up).
	 */
	u32 at;
	u64 ino;
	u64 texts; /* address of a request's texts */
	struct request request;
	u32 taken; /* bytes of a parameter that is put together piece by piece */
	u32 limit; /* bytes that it may have */
	u8 buf[2 * HALF];
	u8 work[2 * LONGEST_PATH + 512]; /* where paths and addresses are made */
};

#ifndef PICTURE /* which has nothing to do with the ring */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} ring SEC(".maps");
#endif

/* One entry for each processor; user space sets how many there are. A per-CPU map's entries could not be as large. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct live_shared shared;

static const u8 event_classes[EVENT_TYPES] = {
	[PPME_SYSCALL_CLONE_20_X] = LIVE_CLASS_CLONE_FORK,
	[PPME_SYSCALL_CLONE3_X] = LIVE_CLASS_CLONE_FORK,
	[PPME_SYSCALL_FORK_20_X] = LIVE_CLASS_CLONE_FORK,
	[PPME_SYSCALL_VFORK_20_X] = LIVE_CLASS_CLONE_FORK,
	[PPME_SYSCALL_EXECVE_19_X] = LIVE_CLASS_EXECVE,
	[PPME_SYSCALL_EXECVEAT_X] = LIVE_CLASS_EXECVE,
	[PPME_SOCKET_CONNECT_X] = LIVE_CLASS_CONNECT,
	[PPME_SYSCALL_OPEN_X] = LIVE_CLASS_OPEN,
	[PPME_SYSCALL_OPENAT_2_X] = LIVE_CLASS_OPEN,
	[PPME_SYSCALL_OPENAT2_X] = LIVE_CLASS_OPEN,
	[PPME_SYSCALL_CREAT_X] = LIVE_CLASS_OPEN,
	[PPME_SYSCALL_OPEN_BY_HANDLE_AT_X] = LIVE_CLASS_OPEN,
	[PPME_SYSCALL_CHMOD_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_FCHMOD_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_FCHMODAT_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_CHOWN_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_LCHOWN_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_FCHOWN_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_FCHOWNAT_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_LINK_2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_LINKAT_2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_MKDIR_2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_MKDIRAT_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_MOUNT_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_UMOUNT2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_RENAME_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_RENAMEAT_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_RENAMEAT2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_RMDIR_2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_SYMLINK_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_SYMLINKAT_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_UNLINK_2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_UNLINKAT_2_X] = LIVE_CLASS_DIR_FILE,
	[PPME_SYSCALL_BPF_2_X] = LIVE_CLASS_INTEREST,
	[PPME_SYSCALL_SETPGID_X] = LIVE_CLASS_INTEREST,
	[PPME_SYSCALL_PTRACE_X] = LIVE_CLASS_INTEREST,
	[PPME_SYSCALL_SECCOMP_X] = LIVE_CLASS_INTEREST,
	[PPME_SYSCALL_SETNS_X] = LIVE_CLASS_INTEREST,
	[PPME_SYSCALL_UNSHARE_X] = LIVE_CLASS_INTEREST,
	[PPME_SYSCALL_CLOSE_X] = LIVE_CLASS_CLOSE,
	[PPME_PROCEXIT_1_E] = LIVE_CLASS_PROC,
	[PPME_SYSCALL_SETSID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_SETUID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_SETGID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_SETREUID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_SETREGID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_SETRESUID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_SETRESGID_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_CAPSET_X] = LIVE_CLASS_CREDENTIAL,
	[PPME_SYSCALL_CHROOT_X] = LIVE_CLASS_CREDENTIAL,
};

/* Classes that may use the last part of the ring: without them the state would be wrong for a long time. */
inline_always bool is_vital(u32 class)
{
	return class == LIVE_CLASS_CLONE_FORK || class == LIVE_CLASS_EXECVE || class == LIVE_CLASS_PROC ||
	       class == LIVE_CLASS_CREDENTIAL || class == LIVE_CLASS_INTEREST;
}

inline_always void count_drop(u32 type, u32 cause)
{
	u32 class = event_classes[type < EVENT_TYPES ? type : 0];

	if (class < LIVE_CLASSES && cause < LIVE_CAUSES)
		__sync_fetch_and_add(&shared.drops[class][cause], 1);
}

inline_always struct scratch *get_scratch(u32 type)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	if (!s)
		count_drop(type, LIVE_CAUSE_SCRATCH);
	return s;
}

inline_always void begin_event(struct scratch *s, u32 type, u32 nparams, u32 tid)
{
	*(u16 *)&s->buf[0] = bpf_get_smp_processor_id();
	*(u64 *)&s->buf[8] = shared.boot_time + bpf_ktime_get_boot_ns();
	*(u64 *)&s->buf[16] = tid;
	*(u16 *)&s->buf[28] = type;
	*(u16 *)&s->buf[30] = nparams;
	*(u16 *)&s->buf[32] = 0;
	s->off = LIVE_PREFIX + LIVE_HEADER + 2 * nparams;
	s->count = 0;
	s->type = type;
	s->is_request = 0;
}

#ifndef PICTURE
/*
 * Whether all that is left of the ring is the last part, which is kept for vital events. How full it is gets looked up with
 * one event in sixteen, by the last bits of its time, as long as there is room: what the others can take between two looks is
 * little beside what is kept.
 */
inline_always void look_at_room(u64 ts)
{
	if ((ts & 15) == 0 && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > shared.reserve)
		shared.is_tight = 1;
}

/* Whether an event that is not vital has to stay out: it is counted. Without room every one looks whether there is some. */
inline_always bool is_kept_out(u32 type)
{
	if (!shared.is_tight)
		return false;
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) <= shared.reserve) {
		shared.is_tight = 0;
		return false;
	}
	count_drop(type, LIVE_CAUSE_RESERVE);
	return true;
}

/* The first event for which user space waits wakes it up. */
inline_always u64 wake_flags(void)
{
	if (!shared.waiting)
		return BPF_RB_NO_WAKEUP;
	shared.waiting = 0;
	return BPF_RB_FORCE_WAKEUP;
}

inline_always void submit_event(struct scratch *s)
{
	u32 size = masked(s->off, 2 * HALF - 1);
	u32 type = s->type;

	*(u32 *)&s->buf[24] = size - LIVE_PREFIX;
	if (!is_vital(event_classes[type < EVENT_TYPES ? type : 0]) && is_kept_out(type))
		return;
	look_at_room(*(u64 *)&s->buf[8]);
	if (bpf_ringbuf_output(&ring, s->buf, size, wake_flags()))
		count_drop(type, LIVE_CAUSE_FULL);
}
#endif

/* ---- Parameters ---- */

/* Where the next parameter begins; at least HALF bytes may be written there. */
inline_always u8 *next_param(struct scratch *s)
{
	return &s->buf[s->off & (HALF - 1)];
}

/* The parameter at next_param() is done; it has `size` bytes. */
inline_always void end_param(struct scratch *s, u32 size)
{
	*(u16 *)&s->buf[LIVE_PREFIX + LIVE_HEADER + 2 * (s->count & 31)] = size;
	s->count++;
	s->off += size;
}

inline_always void push_empty(struct scratch *s)
{
	end_param(s, 0);
}

inline_always void push_u8(struct scratch *s, u8 value)
{
	*next_param(s) = value;
	end_param(s, 1);
}

inline_always void push_u16(struct scratch *s, u16 value)
{
	*(u16 *)next_param(s) = value;
	end_param(s, 2);
}

inline_always void push_u32(struct scratch *s, u32 value)
{
	*(u32 *)next_param(s) = value;
	end_param(s, 4);
}

inline_always void push_u64(struct scratch *s, u64 value)
{
	*(u64 *)next_param(s) = value;
	end_param(s, 8);
}

/* Where the next piece of a parameter goes that has `taken` bytes so far. */
inline_always u8 *next_piece(struct scratch *s)
{
	return &s->buf[(s->off + s->taken) & (HALF - 1)];
}

inline_always bool has_room(struct scratch *s)
{
	return s->off < ROOM;
}

/* Whether the address is one of a request's texts, which are in the kernel's memory. No program can give such an address. */
inline_always bool is_kept(struct scratch *s, u64 from)
{
	return s->is_request && (s64)from < 0;
}

/* Memory that was given to a call, `size` bytes of it. 0, or not where it cannot be read. */
inline_always long read_given(struct scratch *s, void *to, u32 size, u64 from)
{
	return is_kept(s, from) ? bpf_probe_read_kernel(to, size, (void *)from) : bpf_probe_read_user(to, size, (void *)from);
}

/* A text from the program's memory, its NUL included; empty where it cannot be read. */
noinline int push_user_text(struct scratch *s, u64 from)
{
	long size = 0;

	if (!s)
		return 0;
	if (from && has_room(s)) {
		if (is_kept(s, from))
			size = bpf_probe_read_kernel_str(next_param(s), LONGEST_PATH, (void *)from);
		else
			size = bpf_probe_read_user_str(next_param(s), LONGEST_PATH, (void *)from);
	}
	end_param(s, size > 0 && size <= LONGEST_PATH ? size : 0);
	return 0;
}

noinline int push_kernel_text(struct scratch *s, u64 from)
{
	long size = 0;

	if (!s)
		return 0;
	if (from && has_room(s))
		size = bpf_probe_read_kernel_str(next_param(s), LONGEST_PATH, (void *)from);
	end_param(s, size > 0 && size <= LONGEST_PATH ? size : 0);
	return 0;
}

/* `size` bytes of the program's memory, at most `most` (less than LONGEST_VECTOR * 2) of them. */
noinline int push_user_bytes(struct scratch *s, u64 from, u64 size, u32 most)
{
	u32 taken;

	if (!s)
		return 0;
	taken = size > most ? most : size;
	if (taken > 2 * LONGEST_VECTOR - 1)
		taken = 2 * LONGEST_VECTOR - 1;
	if (!from || taken == 0 || s->off >= HALF - 2 * LONGEST_VECTOR ||
	    bpf_probe_read_user(next_param(s), masked(taken, 2 * LONGEST_VECTOR - 1), (void *)from))
		taken = 0;
	end_param(s, taken);
	return 0;
}
