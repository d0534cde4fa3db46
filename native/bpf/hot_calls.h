/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Events of the calls that programs make most: the same as their rows in calls_*.h ask for, but written out, and into the
 * ring itself, since to interpret a row and to copy the event cost as much as all the rest.
 */
#pragma once

#include "rows.h"

#define CALL_OPEN 2
#define CALL_CLOSE 3
#define CALL_OPENAT 257

/*
 * One store into a member that need not be aligned. A plain assignment to a member of a packed structure is compiled into a
 * store for each of its bytes.
 */
#define PUT(type, member, value) (*(type *)(void *)&(member) = (value))

/* As live_shared.h draws it. */
struct event_head {
	u64 cpu, ts, tid;
	u32 len, type_and_count; /* the type, and the lower half of nparams */
	u16 zero;                /* its upper half */
} __attribute__((packed));

inline_always void fill_head(struct event_head *head, u32 tid, u32 len, u32 type, u32 nparams)
{
	u64 ts = shared.boot_time + bpf_ktime_get_boot_ns();

	PUT(u64, head->cpu, bpf_get_smp_processor_id());
	PUT(u64, head->ts, ts);
	PUT(u64, head->tid, tid);
	PUT(u32, head->len, len - LIVE_PREFIX);
	PUT(u32, head->type_and_count, type | nparams << 16);
	PUT(u16, head->zero, 0);
	look_at_room(ts);
}

struct close_event {
	struct event_head head;
	u32 lengths;
	s64 result, fd;
} __attribute__((packed));

inline_always bool tell_close(struct task_struct *task, struct pt_regs *regs, s64 result)
{
	struct close_event *event;

	event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	if (!event) {
		count_drop(PPME_SYSCALL_CLOSE_X, LIVE_CAUSE_FULL);
		return true;
	}
	fill_head(&event->head, task->pid, sizeof *event, PPME_SYSCALL_CLOSE_X, 2);
	PUT(u32, event->lengths, 8 | 8 << 16);
	PUT(s64, event->result, result);
	PUT(s64, event->fd, (s64)(s32)regs->di);
	bpf_ringbuf_submit(event, wake_flags());
	return true;
}

#define SHORT_TEXT 64

/* Behind the name of an open. */
struct opened {
	u32 flags, mode, dev;
	u64 ino;
} __attribute__((packed));

/* An open with the longest of the short names. With a shorter one there is unused room at the end of the ring's entry. */
struct open_event {
	struct event_head head;
	u16 result_length, name_length;
	u64 other_lengths;
	s64 result;
	u8 name_and_opened[SHORT_TEXT + sizeof(struct opened)];
} __attribute__((packed));

struct openat_event {
	struct event_head head;
	u32 result_and_fd_lengths;
	u16 name_length;
	u64 other_lengths;
	s64 result, fd;
	u8 name_and_opened[SHORT_TEXT + sizeof(struct opened)];
} __attribute__((packed));

/* Of flags, mode and device, 4 bytes each, and the inode's number. */
#define LENGTHS_OF_OPENED 0x0008000400040004ULL

inline_always void fill_opened(struct task_struct *task, struct opened *opened, s64 result, u32 flags, u32 mode)
{
	struct looked looked = look_at_opened(task, result);

	PUT(u32, opened->flags, open_flags(flags) | looked.flags);
	PUT(u32, opened->mode, flags & (L_O_CREAT | 020000000) ? mode : 0);
	PUT(u32, opened->dev, looked.dev);
	PUT(u64, opened->ino, looked.ino);
}

/* Reads the name that an open is given. 0 where it cannot be read, or is long. */
inline_always u32 take_short_name(u8 *to, u64 from)
{
	long size = bpf_probe_read_user_str(to, SHORT_TEXT, (void *)from);

	/* One that is cut off has SHORT_TEXT as well. */
	return size <= 0 || size >= SHORT_TEXT ? 0 : masked(size, SHORT_TEXT - 1);
}

/* Each returns false where the event has to be made in the usual way: the name is long, or cannot be read, or no room. */
inline_always bool tell_open(struct task_struct *task, struct pt_regs *regs, s64 result)
{
	struct open_event *event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	u32 size;

	if (!event)
		return false;
	size = take_short_name(event->name_and_opened, regs->di);
	if (size == 0) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return false;
	}
	fill_head(&event->head, task->pid, sizeof *event - SHORT_TEXT + size, PPME_SYSCALL_OPEN_X, 6);
	PUT(u16, event->result_length, 8);
	PUT(u16, event->name_length, size);
	PUT(u64, event->other_lengths, LENGTHS_OF_OPENED);
	PUT(s64, event->result, result);
	fill_opened(task, (struct opened *)&event->name_and_opened[size], result, regs->si, regs->dx);
	bpf_ringbuf_submit(event, wake_flags());
	return true;
}

inline_always bool tell_openat(struct task_struct *task, struct pt_regs *regs, s64 result)
{
	struct openat_event *event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	u32 size;

	if (!event)
		return false;
	size = take_short_name(event->name_and_opened, regs->si);
	if (size == 0) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return false;
	}
	fill_head(&event->head, task->pid, sizeof *event - SHORT_TEXT + size, PPME_SYSCALL_OPENAT_2_X, 7);
	PUT(u32, event->result_and_fd_lengths, 8 | 8 << 16);
	PUT(u16, event->name_length, size);
	PUT(u64, event->other_lengths, LENGTHS_OF_OPENED);
	PUT(s64, event->result, result);
	PUT(s64, event->fd, (s64)(s32)regs->di);
	fill_opened(task, (struct opened *)&event->name_and_opened[size], result, regs->dx, regs->r10);
	bpf_ringbuf_submit(event, wake_flags());
	return true;
}

/* Whether the call is told, or lost and counted; if not, its event is to be made in the usual way. */
inline_always bool tell_hot_call(struct task_struct *task, struct pt_regs *regs, u32 nr, s64 result)
{
	switch (nr) {
	case CALL_CLOSE:
		return is_kept_out(PPME_SYSCALL_CLOSE_X) || tell_close(task, regs, result);
	case CALL_OPEN:
		return is_kept_out(PPME_SYSCALL_OPEN_X) || tell_open(task, regs, result);
	case CALL_OPENAT:
		return is_kept_out(PPME_SYSCALL_OPENAT_2_X) || tell_openat(task, regs, result);
	default:
		return false;
	}
}
