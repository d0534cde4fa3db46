/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The programs that tell what is there when watching begins: all threads, and all that they have open. User space reads what
 * they write from a file (iterators). An entry looks like an event in the ring; its type says what it is, and its
 * parameters are in the order of live_picture_reader.cc.
 */
#define PICTURE
#include "sockets.h"
#include "tasks.h"

#include "../live_picture.h"

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

#define PF_KTHREAD 0x200000

/* An address as a number: a pointer of known type cannot be given to functions. */
inline_always u64 number_of(struct scratch *s, const void *pointer)
{
	*(const void *volatile *)&s->texts = pointer;
	return *(volatile u64 *)&s->texts;
}

inline_always struct scratch *begin_entry(u32 type, u32 nparams, u32 tid)
{
	u32 first = 0;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &first);

	if (s)
		begin_event(s, type, nparams, tid);
	return s;
}

inline_always void end_entry(struct scratch *s, struct seq_file *seq)
{
	u32 size = masked(s->off, HALF - 1);

	*(u32 *)&s->buf[24] = size - LIVE_PREFIX;
	bpf_seq_write(seq, s->buf, size);
}

/* Memory of another program, as far as it can be read: arguments or environment. */
inline_always void push_memory_of(struct scratch *s, struct task_struct *task, u64 start, u64 end)
{
	u32 size = end - start < LONGEST_VECTOR ? end - start : LONGEST_VECTOR - 1;

	if (!start || start >= end || !has_room(s) ||
	    bpf_copy_from_user_task(next_param(s), masked(size, LONGEST_VECTOR - 1), (void *)start, task, 0))
		size = 0;
	end_param(s, masked(size, LONGEST_VECTOR - 1));
}

inline_always void push_empties(struct scratch *s, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		push_empty(s);
}

SEC("iter.s/task")
int tell_task(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct task_struct *parent;
	const struct cred *cred;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct file *file;
	struct inode *inode;
	struct scratch *s;
	u64 fs;

	if (!task || (task->flags & PF_KTHREAD))
		return 0;
	s = begin_entry(LIVE_PICTURE_TASK, LIVE_TASK_PARAMS, task->pid);
	cred = task->cred;
	signal = task->signal;
	parent = task->real_parent;
	mm = task->mm;
	if (!s || !cred || !signal)
		return 0;
	push_u64(s, task->pid);
	push_u64(s, task->tgid);
	push_u64(s, parent ? parent->tgid : 0);
	push_u64(s, machine_number(signal_pid(task, PIDTYPE_PGID)));
	push_u64(s, machine_number(signal_pid(task, PIDTYPE_SID)));
	push_u64(s, number_in_own_space(pid_of(task)));
	push_u64(s, number_in_own_space(signal_pid(task, PIDTYPE_TGID)));
	push_u64(s, number_in_own_space(signal_pid(task, PIDTYPE_PGID)));
	push_u32(s, cred->euid.val);
	push_u32(s, cred->egid.val);
	push_u32(s, bpf_core_field_exists(task->loginuid) ? task->loginuid.val : -1);
	push_u32(s, terminal_of(task));
	file = mm ? (struct file *)number_of(s, mm->exe_file) : NULL;
	inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	push_u32(s, inode ? exe_flags(file, inode, cred) : 0);
	push_memory(s, number_of(s, mm));
	push_u64(s, CAPABILITIES_OF(cred, cap_inheritable));
	push_u64(s, CAPABILITIES_OF(cred, cap_permitted));
	push_u64(s, CAPABILITIES_OF(cred, cap_effective));
	push_u64(s, inode ? BPF_CORE_READ(inode, i_ino) : 0);
	push_u64(s, inode ? changed_ns(inode) : 0);
	push_u64(s, inode ? modified_ns(inode) : 0);
	push_u64(s, start_of_space(space_of(pid_of(task))));
	push_u64(s, signal->rlim[RLIMIT_NOFILE].rlim_cur);
	push_u32(s, task->flags);
	push_kernel_text(s, number_of(s, task) + bpf_core_field_offset(struct task_struct, comm));
	/* What follows is the same for all threads of a process. */
	if (task->pid == task->tgid) {
		push_file_path(s, (u64)file);
		fs = number_of(s, task->fs);
		push_path(s, fs ? fs + bpf_core_field_offset(struct fs_struct, pwd) : 0);
		push_path(s, fs ? fs + bpf_core_field_offset(struct fs_struct, root) : 0);
		push_cgroups_of(s, number_of(s, task->cgroups));
		push_memory_of(s, task, mm ? mm->arg_start : 0, mm ? mm->arg_end : 0);
		push_memory_of(s, task, mm ? mm->env_start : 0, mm ? mm->env_end : 0);
	} else {
		push_empties(s, 6);
	}
	end_entry(s, seq);
	return 0;
}

#define TCP_LISTEN 10

SEC("iter/task_file")
int tell_file(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct files_struct *files;
	struct fdtable *table;
	struct inode *inode;
	struct super_block *super;
	struct scratch *s;
	u64 bits = 0;
	u32 fd = ctx->fd;

	if (!task || !file)
		return 0;
	s = begin_entry(LIVE_PICTURE_FILE, LIVE_FILE_PARAMS, task->tgid);
	files = task->files;
	if (!s || !files)
		return 0;
	table = files->fdt;
	if (table)
		bpf_probe_read_kernel(&bits, sizeof bits, (void *)((u64)table->close_on_exec + fd / 64 * 8));
	file = (struct file *)number_of(s, file);
	inode = BPF_CORE_READ(file, f_inode);
	super = BPF_CORE_READ(inode, i_sb);
	push_u64(s, fd);
	push_u64(s, BPF_CORE_READ(inode, i_ino));
	push_u32(s, device_number(BPF_CORE_READ(super, s_dev)));
	push_u32(s, open_flags(BPF_CORE_READ(file, f_flags) | (bits >> (fd & 63) & 1 ? L_O_CLOEXEC : 0)));
	push_u32(s, BPF_CORE_READ(inode, i_mode));
	push_u32(s, BPF_CORE_READ(inode, i_nlink));
	push_u64(s, BPF_CORE_READ(super, s_magic));
	push_file_path(s, (u64)file);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFSOCK) {
		struct socket *socket = BPF_CORE_READ(file, private_data);
		struct sock *sk = BPF_CORE_READ(socket, sk);

		push_u32(s, BPF_CORE_READ(sk, __sk_common.skc_family));
		push_u32(s, BPF_CORE_READ(sk, sk_type));
		push_u32(s, BPF_CORE_READ(sk, sk_protocol));
		push_u32(s, BPF_CORE_READ(sk, __sk_common.skc_state));
		push_tuple_of(s, (u64)socket, 1, 0);
		push_tuple_of(s, (u64)socket, 0, 0);
	} else {
		push_empties(s, 6);
	}
	end_entry(s, seq);
	return 0;
}

char picture_license[] SEC("license") = "GPL";
