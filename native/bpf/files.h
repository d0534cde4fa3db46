/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Files, their paths, and data that programs read and write. */
#pragma once

#include "flags.h"

#define FMODE_CREATED 0x100000
#define OVERLAY_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define F_CREATED 0x4000
#define F_UPPER 0x8000
#define F_LOWER 0x10000
#define DEEPEST_PATH 256

/*
 * A structure of the kernel at an address that the verifier knows nothing of, to be read like any other: a plain load in
 * place of a call for each member. Kernels before 6.2 cannot do that: there, and where it makes no difference, a member is
 * read by BPF_CORE_READ.
 */
#if !defined(PLAIN_TRACEPOINTS) && !defined(PICTURE)
#define HAS_CASTS
#endif

#ifdef HAS_CASTS
extern void *bpf_rdonly_cast(const void *address, u32 type) __ksym;
#define SEEN(type, address) ((struct type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(struct type)))
#define READ(from, ...) ((from)->__VA_ARGS__)
#else
#define SEEN(type, address) ((struct type *)(address))
#define READ(from, ...) BPF_CORE_READ(from, __VA_ARGS__)
#endif

inline_always struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Where the kernel has the pointer to the open file of a task's descriptor; 0 where there is none. */
inline_always u64 slot_of(struct task_struct *task, s64 fd)
{
	struct files_struct *files = task->files;
	struct fdtable *table;

	if (!files || fd < 0)
		return 0;
	table = files->fdt;
	if (!table || fd >= table->max_fds)
		return 0;
	return (u64)table->fd + fd * sizeof(struct file *);
}

/* The open file of a descriptor of the running program; NULL where there is none. */
inline_always struct file *file_of(s64 fd)
{
	u64 slot = slot_of((struct task_struct *)bpf_get_current_task_btf(), fd);
	struct file *file = NULL;

	if (slot)
		bpf_probe_read_kernel(&file, sizeof file, (void *)slot);
	return file;
}

/* The same, to be read with READ. A slot has a pointer to a file, as the first member of a kiocb does, which has a name. */
inline_always struct file *file_to_read(struct task_struct *task, s64 fd)
{
	u64 slot = slot_of(task, fd);
	struct file *file = NULL;

	if (!slot)
		return NULL;
#ifdef HAS_CASTS
	if (bpf_core_field_offset(struct kiocb, ki_filp) == 0)
		return SEEN(kiocb, slot)->ki_filp;
#endif
	bpf_probe_read_kernel(&file, sizeof file, (void *)slot);
	return SEEN(file, file);
}

/* As stat(2) numbers it: new_encode_dev. */
inline_always u32 device_number(u32 dev)
{
	u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

/* F_UPPER or F_LOWER for a file of an overlay file system, else 0. */
inline_always u32 overlay_layer(struct inode *inode)
{
	unsigned long magic;
	u64 upper;

	if (!inode || !bpf_core_type_exists(struct ovl_inode))
		return 0;
	magic = BPF_CORE_READ(inode, i_sb, s_magic);
	if (magic != OVERLAY_MAGIC)
		return 0;
	upper = (u64)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
	return BPF_CORE_READ((struct ovl_inode *)upper, __upperdentry) ? F_UPPER : F_LOWER;
}

/* What the kernel knows of a file that was opened. */
struct looked {
	u32 flags, dev; /* F_ flags */
	u64 ino;
};

inline_always struct looked look_at_opened(struct task_struct *task, s64 fd)
{
	struct looked looked = {};
	struct file *file = file_to_read(task, fd);
	struct inode *inode;
	struct super_block *super;

	if (!file)
		return looked;
	if (READ(file, f_mode) & FMODE_CREATED)
		looked.flags = F_CREATED;
	inode = READ(file, f_inode);
	super = READ(inode, i_sb);
	looked.dev = device_number(READ(super, s_dev));
	looked.ino = READ(inode, i_ino);
	if (READ(super, s_magic) == OVERLAY_MAGIC)
		looked.flags |= overlay_layer(inode);
	return looked;
}

/* Leaves the opened file's numbers in `dev` and `ino`. Returns F_ flags. */
noinline int take_opened(struct scratch *s)
{
	struct looked looked;

	if (!s)
		return 0;
	looked = look_at_opened((struct task_struct *)bpf_get_current_task_btf(), s->ret);
	s->dev = looked.dev;
	s->ino = looked.ino;
	return looked.flags;
}

/* ---- Paths: put together backwards in `work`, from the leaf to the root ---- */

struct walk {
	struct scratch *s;
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *root; /* of the mount */
};

inline_always void prepend(struct scratch *s, const unsigned char *name, u32 len)
{
	u32 at = s->at;

	if (at < len + 1 || len > 255)
		return;
	at -= len + 1;
	s->at = at;
	s->work[at & (LONGEST_PATH - 1)] = '/';
	bpf_probe_read_kernel(&s->work[(at & (LONGEST_PATH - 1)) + 1], masked(len, 255), name);
}

static long path_step(u32 i, struct walk *w)
{
	struct dentry *dentry = w->dentry;
	struct dentry *parent;

	if (dentry == w->root) {
		struct mount *mount = w->mount;
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);

		if (up == mount)
			return 1;
		w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		w->mount = up;
		w->root = BPF_CORE_READ(up, mnt.mnt_root);
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry)
		return 1;
	prepend(w->s, BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len));
	w->dentry = parent;
	return 0;
}

inline_always void push_work(struct scratch *s, u32 at)
{
	u32 size = LONGEST_PATH + 1 - at;

	if (size > LONGEST_PATH - 1)
		size = LONGEST_PATH - 1;
	if (!has_room(s) ||
	    bpf_probe_read_kernel(next_param(s), masked(size, LONGEST_PATH - 1), &s->work[at & (LONGEST_PATH - 1)]))
		size = 0;
	end_param(s, size);
}

/* What a struct path stands for, as the root of the machine sees it; of a file in memory its name alone. */
noinline int push_path(struct scratch *s, u64 address)
{
	struct path *path = (struct path *)address;
	struct walk w = {};
	struct vfsmount *mnt;
	struct dentry *dentry;

	if (!s)
		return 0;
	if (!address) {
		push_empty(s);
		return 0;
	}
	mnt = BPF_CORE_READ(path, mnt);
	dentry = BPF_CORE_READ(path, dentry);
	w.s = s;
	w.dentry = dentry;
	w.mount = (struct mount *)((u64)mnt - bpf_core_field_offset(struct mount, mnt));
	w.root = BPF_CORE_READ(mnt, mnt_root);
	s->at = LONGEST_PATH;
	s->work[LONGEST_PATH] = 0;
	if (BPF_CORE_READ(dentry, d_parent) == dentry && dentry != w.root) {
		push_kernel_text(s, (u64)BPF_CORE_READ(dentry, d_name.name));
		return 0;
	}
	bpf_loop(DEEPEST_PATH, path_step, &w, 0);
	if (s->at >= LONGEST_PATH) {
		s->at = LONGEST_PATH - 1;
		s->work[LONGEST_PATH - 1] = '/';
	}
	push_work(s, s->at);
	return 0;
}

/* The path of an open file. */
inline_always void push_file_path(struct scratch *s, u64 file)
{
	push_path(s, file ? file + bpf_core_field_offset(struct file, f_path) : 0);
}

/* ---- Data ---- */

struct vector {
	u64 base, size;
};

/* An iovec of the program, of which 32-bit programs have another layout. */
inline_always void read_vector(struct scratch *s, u64 array, u32 i, struct vector *v)
{
	if (s->is_compat) {
		u32 pair[2] = {};

		bpf_probe_read_user(pair, sizeof pair, (void *)(array + i * sizeof pair));
		v->base = pair[0];
		v->size = pair[1];
		return;
	}
	v->base = v->size = 0;
	bpf_probe_read_user(v, sizeof *v, (void *)(array + i * sizeof *v));
}

#define MOST_VECTORS 16

/* Bytes that the vectors have together. */
noinline int size_of_vectors(struct scratch *s, u64 array, u32 count)
{
	u32 i;

	if (!s)
		return 0;
	s->taken = 0;
	for (i = 0; i < MOST_VECTORS && i < count; i++) {
		struct vector v;

		read_vector(s, array, i, &v);
		s->taken += v.size;
	}
	return s->taken & 0x7fffffff;
}

/* Takes what fits of one vector. Returns 1 when there is no more to take. */
noinline int take_vector(struct scratch *s, u64 array, u32 i)
{
	struct vector v;
	u32 size;

	if (!s || s->taken >= s->limit || !has_room(s))
		return 1;
	read_vector(s, array, i, &v);
	size = s->limit - s->taken;
	if (v.size < size)
		size = v.size;
	if (size == 0)
		return 0;
	if (size > LONGEST_VECTOR - 1)
		return 1;
	if (bpf_probe_read_user(next_piece(s), masked(size, LONGEST_VECTOR - 1), (void *)v.base))
		return 1;
	s->taken += size;
	return 0;
}

/* The first bytes of the data in the vectors, of which `most` bytes were transferred. */
noinline int push_vectors(struct scratch *s, u64 array, u32 count, s64 most)
{
	u32 i;

	if (!s)
		return 0;
	s->taken = 0;
	s->limit = shared.snaplen;
	if (most < s->limit)
		s->limit = most < 0 ? 0 : most;
	if (s->limit > LONGEST_VECTOR - 1)
		s->limit = LONGEST_VECTOR - 1;
	for (i = 0; i < MOST_VECTORS && i < count; i++)
		if (take_vector(s, array, i))
			break;
	end_param(s, s->taken);
	return 0;
}
