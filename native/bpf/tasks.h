/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What an event tells of a process: of its program, ids, memory, control groups. */
#pragma once

#include "files.h"

enum { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };

#define CL_CHILD_IN_PIDNS 0x20000000
#define EXE_WRITABLE 1
#define EXE_UPPER_LAYER 2
#define EXE_FROM_MEMFD 4
#define EXE_LOWER_LAYER 8
#define RLIMIT_NOFILE 7
#define CAP_DAC_OVERRIDE 1

/* argv[0] and the rest of the arguments, from the program's own memory. */
inline_always int push_program(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	u64 start, end, before;

	if (!s)
		return 0;
	if (!mm) {
		push_empty(s);
		push_empty(s);
		return 0;
	}
	start = mm->arg_start;
	end = mm->arg_end;
	before = s->off;
	push_user_text(s, start);
	start += s->off - before;
	push_user_bytes(s, start, start < end ? end - start : 0, LONGEST_VECTOR - 1);
	return 0;
}

inline_always int push_environment(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	u64 start, end;

	if (!s)
		return 0;
	if (!mm) {
		push_empty(s);
		return 0;
	}
	start = mm->env_start;
	end = mm->env_end;
	push_user_bytes(s, start, start < end ? end - start : 0, LONGEST_VECTOR - 1);
	return 0;
}

#define MOST_ARGUMENTS 32

/* Takes one text of a list of pointers. Returns 1 at the list's end. */
noinline int take_given(struct scratch *s, u64 at)
{
	u64 text = 0;
	long size;

	if (!s || s->taken >= LONGEST_VECTOR || s->off >= HALF - 2 * LONGEST_VECTOR)
		return 1;
	if (s->is_compat)
		size = bpf_probe_read_user(&text, 4, (void *)at);
	else
		size = bpf_probe_read_user(&text, 8, (void *)at);
	if (size || !text)
		return 1;
	size = bpf_probe_read_user_str(next_piece(s), LONGEST_VECTOR, (void *)text);
	if (size <= 0 || size > LONGEST_VECTOR)
		return 1;
	s->taken += size;
	return 0;
}

/* What an exec that failed was given: a list of pointers, from the `first` on, as one vector of texts. */
noinline int push_given_vector(struct scratch *s, u64 list, u32 first)
{
	u32 width, i;

	if (!s)
		return 0;
	width = s->is_compat ? 4 : 8;
	s->taken = 0;
	for (i = 0; i < MOST_ARGUMENTS; i++)
		if (take_given(s, list + (u64)(first + i) * width))
			break;
	end_param(s, s->taken > LONGEST_VECTOR ? LONGEST_VECTOR : s->taken);
	return 0;
}

/* tid, pid, and the tid of the parent, as the machine numbers them. */
inline_always void push_ids(struct scratch *s, struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;

	push_u64(s, task->pid);
	push_u64(s, task->tgid);
	push_u64(s, parent ? parent->pid : 0);
}

inline_always u64 resident_pages(u64 mm, u32 which)
{
	s64 count = 0;

	if (bpf_core_type_exists(struct mm_rss_stat___before_6_2)) {
		bpf_probe_read_kernel(&count, sizeof count,
				      (void *)(mm + bpf_core_field_offset(struct mm_struct___before_6_2, rss_stat) +
					       (u64)(which & 3) * sizeof count));
	} else {
		bpf_probe_read_kernel(&count, sizeof count,
				      (void *)(mm + bpf_core_field_offset(struct mm_struct, rss_stat) +
					       (u64)(which & 3) * bpf_core_type_size(struct percpu_counter) +
					       bpf_core_field_offset(struct percpu_counter, count)));
	}
	return count < 0 ? 0 : count;
}

/* Size, resident and swapped-out memory in KiB. */
noinline int push_memory(struct scratch *s, u64 mm)
{
	if (!s)
		return 0;
	if (!mm) {
		push_u32(s, 0);
		push_u32(s, 0);
		push_u32(s, 0);
		return 0;
	}
	push_u32(s, BPF_CORE_READ((struct mm_struct *)mm, total_vm) * 4);
	push_u32(s, (resident_pages(mm, 0) + resident_pages(mm, 1) + resident_pages(mm, 3)) * 4);
	push_u32(s, resident_pages(mm, 2) * 4);
	return 0;
}

/* What clone and exec have in common: parameters 3 to 13. */
inline_always int push_process(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct signal_struct *signal = task->signal;

	if (!s)
		return 0;
	push_ids(s, task);
	push_empty(s); /* the working directory: the state stage knows it */
	push_u64(s, signal ? signal->rlim[RLIMIT_NOFILE].rlim_cur : 0);
	push_u64(s, task->maj_flt);
	push_u64(s, task->min_flt);
	push_memory(s, (u64)BPF_CORE_READ(current_task(), mm));
	push_kernel_text(s, (u64)current_task() + bpf_core_field_offset(struct task_struct, comm));
	return 0;
}

/* ---- Control groups ---- */

struct cgroup_walk {
	struct scratch *s;
	struct kernfs_node *node;
};

static long cgroup_step(u32 i, struct cgroup_walk *w)
{
	struct kernfs_node *node = w->node;
	struct kernfs_node *parent;
	const char *name;
	long size;

	if (bpf_core_field_exists(node->__parent))
		parent = BPF_CORE_READ(node, __parent);
	else
		parent = BPF_CORE_READ((struct kernfs_node___before_6_15 *)node, parent);
	if (!parent)
		return 1;
	/* The length is not kept: read the name once to learn it, into the part of `work` that paths do not use. */
	name = BPF_CORE_READ(node, name);
	size = bpf_probe_read_kernel_str(&w->s->work[LONGEST_PATH + 256], 256, name);
	if (size > 1 && size <= 256)
		prepend(w->s, (const unsigned char *)name, size - 1);
	w->node = parent;
	return 0;
}

/* The cgroup in which a controller puts the process: on the unified hierarchy the process's own, else that of version 1. */
inline_always struct cgroup *cgroup_of(struct css_set *set, u32 id, struct cgroup *unified, struct cgroup_root *root)
{
	struct cgroup_subsys_state *state = NULL;
	struct cgroup *cgroup;

	bpf_probe_read_kernel(&state, sizeof state, &set->subsys[id & 15]);
	if (!state)
		return unified;
	cgroup = BPF_CORE_READ(state, cgroup);
	return BPF_CORE_READ(cgroup, root) == root ? unified : cgroup;
}

static const char controllers[5][16] = {"cpuset=", "cpu=", "cpuacct=", "io=", "memory="};
static const u8 controller_sizes[5] = {7, 4, 8, 3, 7};

inline_always u32 controller_id(u32 i)
{
	switch (i) {
	case 0:
		return bpf_core_enum_value(enum cgroup_subsys_id, cpuset_cgrp_id);
	case 1:
		return bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	case 2:
		return bpf_core_enum_value(enum cgroup_subsys_id, cpuacct_cgrp_id);
	case 3:
		return bpf_core_enum_value(enum cgroup_subsys_id, io_cgrp_id);
	}
	return bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
}

/* Makes the path of a cgroup in `work`. Returns where it begins. */
inline_always int walk_cgroup(struct scratch *s, u64 address)
{
	struct cgroup_walk w = {};

	if (!s)
		return LONGEST_PATH;
	w.s = s;
	w.node = BPF_CORE_READ((struct cgroup *)address, kn);
	s->at = LONGEST_PATH;
	s->work[LONGEST_PATH] = 0;
	bpf_loop(64, cgroup_step, &w, 0);
	if (s->at < LONGEST_PATH)
		return s->at;
	s->work[LONGEST_PATH - 1] = '/';
	return LONGEST_PATH - 1;
}

/* Takes "NAME=PATH" and a NUL; the path begins at `at` of `work`. */
noinline int take_cgroup(struct scratch *s, u32 i, u32 at)
{
	u32 size = LONGEST_PATH + 1 - at;
	u32 name_size;

	if (!s || i >= 5)
		return 0;
	name_size = controller_sizes[i];
	if (size > LONGEST_PATH - 1 || s->taken + size + name_size > LONGEST_PATH)
		return 0;
	bpf_probe_read_kernel(next_piece(s), masked(name_size, 15), controllers[i]);
	s->taken += name_size;
	bpf_probe_read_kernel(next_piece(s), masked(size, LONGEST_PATH - 1), &s->work[at & (LONGEST_PATH - 1)]);
	s->taken += size;
	return 0;
}

/* The control groups that a css_set stands for. */
noinline int push_cgroups_of(struct scratch *s, u64 address)
{
	struct css_set *set = (struct css_set *)address;
	struct cgroup *unified, *last = NULL;
	struct cgroup_root *root;
	u32 at = LONGEST_PATH;
	u32 i;

	if (!s)
		return 0;
	if (!set || !has_room(s)) {
		push_empty(s);
		return 0;
	}
	unified = BPF_CORE_READ(set, dfl_cgrp);
	root = BPF_CORE_READ(unified, root);
	s->taken = 0;
	for (i = 0; i < 5; i++) {
		struct cgroup *cgroup = cgroup_of(set, controller_id(i), unified, root);

		/* Most controllers agree: the path is made once. */
		if (cgroup != last)
			at = walk_cgroup(s, (u64)cgroup);
		last = cgroup;
		take_cgroup(s, i, at);
	}
	end_param(s, s->taken);
	return 0;
}

inline_always void push_cgroups(struct scratch *s)
{
	push_cgroups_of(s, (u64)BPF_CORE_READ(current_task(), cgroups));
}

/* ---- Ids within name spaces ---- */

/* Older verifiers compute no addresses from pointers that they know the type of: this one has none. */
inline_always struct pid *pid_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_pid);
}

inline_always s64 number_in_own_space(struct pid *pid)
{
	u32 level;
	s32 number = 0;

	if (!pid)
		return 0;
	level = BPF_CORE_READ(pid, level);
	bpf_probe_read_kernel(&number, sizeof number,
			      (void *)((u64)pid + bpf_core_field_offset(struct pid, numbers) +
				       (u64)(level & 63) * bpf_core_type_size(struct upid) +
				       bpf_core_field_offset(struct upid, nr)));
	return number;
}

inline_always struct pid_namespace *space_of(struct pid *pid)
{
	u32 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *space = NULL;

	bpf_probe_read_kernel(&space, sizeof space,
			      (void *)((u64)pid + bpf_core_field_offset(struct pid, numbers) +
				       (u64)(level & 63) * bpf_core_type_size(struct upid) +
				       bpf_core_field_offset(struct upid, ns)));
	return space;
}

inline_always struct pid *signal_pid(struct task_struct *task, u32 type)
{
	struct pid *pid = NULL;
	struct signal_struct *signal = task->signal;

	bpf_probe_read_kernel(&pid, sizeof pid, &signal->pids[type & 3]);
	return pid;
}

/* A process group's number as the machine sees it: that of level 0. */
inline_always s64 machine_number(struct pid *pid)
{
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/* When the pid name space of a task began, in ns since boot: its first process started. 0 for the space that was at boot. */
inline_always u64 start_of_space(struct pid_namespace *space)
{
	return BPF_CORE_READ(space, level) > 0 ? BPF_CORE_READ(space, child_reaper, start_boottime) : 0;
}

/* ---- clone, fork, vfork, clone3: parameters 14 to 20 ---- */

inline_always int push_birth(struct scratch *s, u64 flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	const struct cred *cred = task->cred;
	struct nsproxy *spaces = task->nsproxy;
	struct pid *pid = pid_of(task);
	struct pid_namespace *own, *children;
	u32 out;

	if (!s)
		return 0;
	own = space_of(pid);
	children = spaces ? spaces->pid_ns_for_children : own;
	out = clone_flags(flags);
	if (own != children)
		out |= CL_CHILD_IN_PIDNS;
	push_u32(s, out);
	push_u32(s, cred ? cred->euid.val : -1);
	push_u32(s, cred ? cred->egid.val : -1);
	push_u64(s, number_in_own_space(pid));
	push_u64(s, number_in_own_space(signal_pid(task, PIDTYPE_TGID)));
	push_u64(s, start_of_space(own));
	return 0;
}

/* ---- exec: parameters 16 to 29 ---- */

/* Whether the caller could write to its own program: mode bits, owner, the right to override both, read-only mounts. */
inline_always bool exe_writable(struct inode *inode, struct file *file, const struct cred *cred)
{
	u32 mode = BPF_CORE_READ(inode, i_mode);
	u32 uid = cred->fsuid.val;

	if (BPF_CORE_READ(inode, i_sb, s_flags) & 1) /* SB_RDONLY */
		return false;
	if (BPF_CORE_READ(file, f_path.mnt, mnt_flags) & 0x40) /* MNT_READONLY */
		return false;
	if (BPF_CORE_READ(inode, i_flags) & 0x8) /* S_IMMUTABLE */
		return false;
	if (mode & 0002)
		return true;
	if (BPF_CORE_READ(inode, i_uid.val) == uid)
		return (mode & 0200) != 0 || (CAPABILITIES_OF(cred, cap_effective) >> CAP_DAC_OVERRIDE & 1) != 0;
	if (BPF_CORE_READ(inode, i_gid.val) == cred->fsgid.val && (mode & 0020))
		return true;
	return (CAPABILITIES_OF(cred, cap_effective) >> CAP_DAC_OVERRIDE & 1) != 0;
}

inline_always u32 exe_flags(struct file *file, struct inode *inode, const struct cred *cred)
{
	u32 flags = 0;
	u32 layer;

	if (exe_writable(inode, file, cred))
		flags |= EXE_WRITABLE;
	layer = overlay_layer(inode);
	if (layer == F_UPPER)
		flags |= EXE_UPPER_LAYER;
	if (layer == F_LOWER)
		flags |= EXE_LOWER_LAYER;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == TMPFS_MAGIC && BPF_CORE_READ(inode, i_nlink) == 0) {
		struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

		/* A file that was removed from a tmpfs has a parent still; one that never had a name is its own. */
		if (BPF_CORE_READ(dentry, d_parent) == dentry)
			flags |= EXE_FROM_MEMFD;
	}
	return flags;
}

inline_always u64 changed_ns(struct inode *inode)
{
	if (bpf_core_field_exists(inode->i_ctime_sec))
		return BPF_CORE_READ(inode, i_ctime_sec) * 1000000000ULL +
		       (BPF_CORE_READ(inode, i_ctime_nsec) & 0x3fffffff);
	if (bpf_core_field_exists(((struct inode___v6_6 *)0)->__i_ctime))
		return BPF_CORE_READ((struct inode___v6_6 *)inode, __i_ctime.tv_sec) * 1000000000ULL +
		       (BPF_CORE_READ((struct inode___v6_6 *)inode, __i_ctime.tv_nsec) & 0x3fffffff);
	return BPF_CORE_READ((struct inode___before_6_6 *)inode, i_ctime.tv_sec) * 1000000000ULL +
	       BPF_CORE_READ((struct inode___before_6_6 *)inode, i_ctime.tv_nsec);
}

inline_always u64 modified_ns(struct inode *inode)
{
	if (bpf_core_field_exists(inode->i_mtime_sec))
		return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000ULL + BPF_CORE_READ(inode, i_mtime_nsec);
	return BPF_CORE_READ((struct inode___before_6_6 *)inode, i_mtime.tv_sec) * 1000000000ULL +
	       BPF_CORE_READ((struct inode___before_6_6 *)inode, i_mtime.tv_nsec);
}

inline_always u32 terminal_of(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct tty_struct *tty = signal ? signal->tty : NULL;
	u32 major, minor;

	if (!tty)
		return 0;
	major = BPF_CORE_READ(tty, driver, major);
	minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
	return device_number(major << 20 | (minor & 0xfffff));
}

inline_always int push_session(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();

	if (!s)
		return 0;
	push_u32(s, terminal_of(task));
	push_u64(s, number_in_own_space(signal_pid(task, PIDTYPE_PGID)));
	push_u32(s, bpf_core_field_exists(task->loginuid) ? task->loginuid.val : -1);
	return 0;
}

/* The session, then the program's file and the rights that it has: parameters 16 to 29. */
noinline int push_executable(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	const struct cred *cred = task->cred;
	struct file *file = BPF_CORE_READ(current_task(), mm, exe_file);
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (!s || !cred)
		return 0;
	push_session(s);
	push_u32(s, inode ? exe_flags(file, inode, cred) : 0);
	push_u64(s, CAPABILITIES_OF(cred, cap_inheritable));
	push_u64(s, CAPABILITIES_OF(cred, cap_permitted));
	push_u64(s, CAPABILITIES_OF(cred, cap_effective));
	push_u64(s, BPF_CORE_READ(inode, i_ino));
	push_u64(s, inode ? changed_ns(inode) : 0);
	push_u64(s, inode ? modified_ns(inode) : 0);
	push_u32(s, cred->euid.val);
	push_file_path(s, (u64)file);
	push_u64(s, machine_number(signal_pid(task, PIDTYPE_PGID)));
	push_u32(s, cred->egid.val);
	return 0;
}
