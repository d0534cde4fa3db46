/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Events of the calls that programs make most: the same as their rows in calls_*.h ask for, but written out, and into the
 * ring itself, since to interpret a row and to copy the event cost as much as all the rest.
 */
#pragma once

#include "rows.h"

struct event_head {
	u16 cpu, pad;
	u32 pad2;
	u64 ts, tid;
	u32 len;
	u16 type;
	u32 nparams;
} __attribute__((packed));

inline_always void fill_head(struct event_head *head, u32 tid, u32 len, u32 type, u32 nparams)
{
	head->cpu = bpf_get_smp_processor_id();
	head->pad = 0;
	head->pad2 = 0;
	head->ts = shared.boot_time + bpf_ktime_get_boot_ns();
	head->tid = tid;
	head->len = len - LIVE_PREFIX;
	head->type = type;
	head->nparams = nparams;
}

struct close_event {
	struct event_head head;
	u16 lengths[2];
	s64 result, fd;
} __attribute__((packed));

inline_always int tell_close(struct scratch *s, u32 tid, s64 result, s32 fd)
{
	struct close_event *event;

	if (is_kept_out(s, PPME_SYSCALL_CLOSE_X))
		return 0;
	event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	if (!event) {
		count_drop(PPME_SYSCALL_CLOSE_X, LIVE_CAUSE_FULL);
		return 0;
	}
	fill_head(&event->head, tid, sizeof *event, PPME_SYSCALL_CLOSE_X, 2);
	event->lengths[0] = event->lengths[1] = 8;
	event->result = result;
	event->fd = (s64)fd;
	bpf_ringbuf_submit(event, wake_flags());
	return 0;
}

#define SHORT_TEXT 64
#define ONES 0x0101010101010101ULL

/*
 * The size of the text in SHORT_TEXT bytes, its NUL included; 0 where it does not end there. Whether a word has a zero byte
 * takes three operations, and the lowest bit that they leave is that of the first one.
 */
inline_always u32 size_of_text(const u8 *text)
{
	u32 i;

#pragma unroll
	for (i = 0; i < SHORT_TEXT; i += 8) {
		u64 word = *(const u64 *)&text[i];
		u64 zeros = (word - ONES) & ~word & (ONES << 7);
		u32 size = i + 1;

		if (!zeros)
			continue;
		if (!(zeros & 0xffffffff)) {
			zeros >>= 32;
			size += 4;
		}
		if (!(zeros & 0xffff)) {
			zeros >>= 16;
			size += 2;
		}
		return zeros & 0xff ? size : size + 1;
	}
	return 0;
}

/* Behind the name of an open. */
struct opened {
	u32 flags, mode, dev;
	u64 ino;
} __attribute__((packed));

/* An open with the longest of the short names. With a shorter one there is unused room at the end of the ring's entry. */
struct open_event {
	struct event_head head;
	u16 lengths[6];
	s64 result;
	u8 name_and_opened[SHORT_TEXT + sizeof(struct opened)];
} __attribute__((packed));

struct openat_event {
	struct event_head head;
	u16 lengths[7];
	s64 result, fd;
	u8 name_and_opened[SHORT_TEXT + sizeof(struct opened)];
} __attribute__((packed));

/* The end of an open's event, from the lengths of name and what follows on. */
inline_always void fill_opened(struct task_struct *task, u16 *lengths, u8 *name, u32 size, s64 result, u32 flags, u32 mode)
{
	struct opened *opened = (struct opened *)(name + size);
	struct looked looked = look_at_opened(task, result);

	lengths[0] = size;
	lengths[1] = lengths[2] = lengths[3] = 4;
	lengths[4] = 8;
	opened->flags = open_flags(flags) | looked.flags;
	opened->mode = flags & (L_O_CREAT | 020000000) ? mode : 0;
	opened->dev = looked.dev;
	opened->ino = looked.ino;
}

/* Each returns false where the event has to be made in the usual way: the name is long, or cannot be read, or no room. */
inline_always bool tell_open(struct task_struct *task, struct pt_regs *regs, s64 result)
{
	struct open_event *event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	u32 size = 0;

	if (!event)
		return false;
	if (!bpf_probe_read_user(event->name_and_opened, SHORT_TEXT, (void *)regs->di))
		size = masked(size_of_text(event->name_and_opened), 2 * SHORT_TEXT - 1);
	if (size == 0 || size > SHORT_TEXT) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return false;
	}
	fill_head(&event->head, task->pid, sizeof *event - SHORT_TEXT + size, PPME_SYSCALL_OPEN_X, 6);
	event->lengths[0] = 8;
	event->result = result;
	fill_opened(task, &event->lengths[1], event->name_and_opened, size, result, regs->si, regs->dx);
	bpf_ringbuf_submit(event, wake_flags());
	return true;
}

inline_always bool tell_openat(struct task_struct *task, struct pt_regs *regs, s64 result)
{
	struct openat_event *event = bpf_ringbuf_reserve(&ring, sizeof *event, 0);
	u32 size = 0;

	if (!event)
		return false;
	if (!bpf_probe_read_user(event->name_and_opened, SHORT_TEXT, (void *)regs->si))
		size = masked(size_of_text(event->name_and_opened), 2 * SHORT_TEXT - 1);
	if (size == 0 || size > SHORT_TEXT) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return false;
	}
	fill_head(&event->head, task->pid, sizeof *event - SHORT_TEXT + size, PPME_SYSCALL_OPENAT_2_X, 7);
	event->lengths[0] = event->lengths[1] = 8;
	event->result = result;
	event->fd = (s64)(s32)regs->di;
	fill_opened(task, &event->lengths[2], event->name_and_opened, size, result, regs->dx, regs->r10);
	bpf_ringbuf_submit(event, wake_flags());
	return true;
}
