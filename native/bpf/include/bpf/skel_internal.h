/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the generated skeleton (peregrine.lskel.h) calls: it stands in for the header of the same name of libbpf, so that
 * libbpf is needed to make the skeleton and not to use it. A skeleton carries a loader, itself a BPF program of the
 * "syscall" kind, that creates the maps and loads the programs when it is run once.
 */
#pragma once

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Layouts that the loader program knows: of libbpf 1.x. */
struct bpf_map_desc {
	int map_fd;
	__u32 max_entries;
	__aligned_u64 initial_value;
};

struct bpf_prog_desc {
	int prog_fd;
};

struct bpf_loader_ctx {
	__u32 sz;
	__u32 flags;
	__u32 log_level;
	__u32 log_size;
	__u64 log_buf;
};

struct bpf_load_and_run_opts {
	struct bpf_loader_ctx *ctx;
	const void *data;
	const void *insns;
	__u32 data_sz;
	__u32 insns_sz;
	const char *errstr;
};

#define SKEL_ATTR_SIZE(member) (offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)0)->member))

static inline int skel_sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr, unsigned int size)
{
	return (int)syscall(__NR_bpf, cmd, attr, size);
}

static inline void *skel_alloc(size_t size)
{
	return calloc(1, size);
}

static inline void skel_free(void *p)
{
	free(p);
}

/* The initial contents of a map of variables: anonymous memory that the loader copies from. */
static inline void *skel_prep_map_data(const void *val, size_t mmap_sz, size_t val_sz)
{
	void *addr = mmap(NULL, mmap_sz, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		return NULL;
	memcpy(addr, val, val_sz);
	return addr;
}

static inline void skel_free_map_data(void *p, __u64 addr, size_t sz)
{
	(void)addr;
	if (p != NULL)
		munmap(p, sz);
}

/* Puts the map itself where its initial contents were. */
static inline void *skel_finalize_map_data(__u64 *init_val, size_t mmap_sz, int flags, int fd)
{
	void *addr = mmap((void *)(uintptr_t)*init_val, mmap_sz, flags, MAP_SHARED | MAP_FIXED, fd, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

static inline int skel_closenz(int fd)
{
	return fd > 0 ? close(fd) : -EINVAL;
}

static inline int skel_raw_tracepoint_open(const char *name, int prog_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.raw_tracepoint.name = (uintptr_t)name;
	attr.raw_tracepoint.prog_fd = (__u32)prog_fd;
	return skel_sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, SKEL_ATTR_SIZE(raw_tracepoint.prog_fd));
}

static inline int skel_link_create(int prog_fd, int target_fd, enum bpf_attach_type type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.link_create.prog_fd = (__u32)prog_fd;
	attr.link_create.target_fd = (__u32)target_fd;
	attr.link_create.attach_type = type;
	return skel_sys_bpf(BPF_LINK_CREATE, &attr, SKEL_ATTR_SIZE(link_create.iter_info_len));
}

/* Loads the loader and runs it. 0, or a negative errno with `errstr` saying at which step. */
static inline int bpf_load_and_run(struct bpf_load_and_run_opts *opts)
{
	union bpf_attr attr;
	const int key = 0;
	int map = -1, prog = -1, err = 0;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof key;
	attr.value_size = opts->data_sz;
	attr.max_entries = 1;
	memcpy(attr.map_name, "__loader.map", sizeof "__loader.map");
	opts->errstr = "the loader's map cannot be created";
	map = skel_sys_bpf(BPF_MAP_CREATE, &attr, SKEL_ATTR_SIZE(map_extra));
	if (map < 0)
		goto failed;

	memset(&attr, 0, sizeof attr);
	attr.map_fd = (__u32)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)opts->data;
	opts->errstr = "the loader's map cannot be filled";
	if (skel_sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, SKEL_ATTR_SIZE(flags)) < 0)
		goto failed;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_SYSCALL;
	attr.insns = (uintptr_t)opts->insns;
	attr.insn_cnt = opts->insns_sz / sizeof(struct bpf_insn);
	attr.license = (uintptr_t) "Dual BSD/GPL";
	memcpy(attr.prog_name, "__loader.prog", sizeof "__loader.prog");
	attr.fd_array = (uintptr_t)&map;
	attr.prog_flags = BPF_F_SLEEPABLE;
	opts->errstr = "the loader cannot be loaded";
	prog = skel_sys_bpf(BPF_PROG_LOAD, &attr, SKEL_ATTR_SIZE(fd_array));
	if (prog < 0)
		goto failed;

	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = (__u32)prog;
	attr.test.ctx_in = (uintptr_t)opts->ctx;
	attr.test.ctx_size_in = opts->ctx->sz;
	opts->errstr = "the loader cannot be run";
	if (skel_sys_bpf(BPF_PROG_TEST_RUN, &attr, SKEL_ATTR_SIZE(test)) < 0)
		goto failed;
	opts->errstr = "a program was refused";
	if ((int)attr.test.retval < 0) {
		errno = -(int)attr.test.retval;
		goto failed;
	}
	opts->errstr = NULL;
	goto done;
failed:
	err = -errno;
done:
	if (map >= 0)
		close(map);
	if (prog >= 0)
		close(prog);
	return err;
}
