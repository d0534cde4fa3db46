/* SPDX-License-Identifier: Apache-2.0 */
#include "live_programs.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__linux__) && defined(__x86_64__)

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include "bpf/programs.generated.h"

/*
 * The programs come with a loader, itself a BPF program of the kind that makes system calls: run once, it creates the maps
 * and loads the programs, and writes their descriptors into the context that it was given. What the context looks like
 * was laid down by libbpf (1.x); libbpf itself is needed to make the loader and not to run it.
 */

struct map_result {
	int fd; /* out */
	__u32 max_entries; /* in: other than those of the source; 0 = as there */
	__aligned_u64 initial_value; /* in: where its first contents are; 0 = zeros */
};

struct loader_context {
	__u32 size;
	__u32 flags;
	__u32 log_level;
	__u32 log_size;
	__u64 log_buffer;
	struct {
#define X(name) struct map_result name;
		LIVE_MAPS(X)
#undef X
	} maps;
	struct {
#define X(name) int name;
		LIVE_LOADED(X)
#undef X
	} programs;
};

struct live_programs {
	struct loader_context context;
	struct live_shared *shared;
	int links[LIVE_PROGRAMS];
};

#define ATTR_SIZE(member) (offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)0)->member))

static int bpf(enum bpf_cmd command, union bpf_attr *attr, unsigned int size)
{
	return (int)syscall(__NR_bpf, command, attr, size);
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : 63;
}

/* The bytes behind a text of the generated header: deflated, then in base64. The caller frees them. */
static void *unpack(const char *text, size_t size)
{
	const size_t length = strlen(text);
	unsigned char *packed = malloc(length / 4 * 3 + 3);
	unsigned char *bytes = malloc(size);
	uLongf unpacked = (uLongf)size;
	size_t used = 0, i;

	if (packed == NULL || bytes == NULL)
		goto failed;
	for (i = 0; i + 4 <= length; i += 4) {
		const unsigned int word = (unsigned int)(digit(text[i]) << 18 | digit(text[i + 1]) << 12 |
							 digit(text[i + 2]) << 6 | digit(text[i + 3]));

		packed[used++] = (unsigned char)(word >> 16);
		packed[used++] = (unsigned char)(word >> 8);
		packed[used++] = (unsigned char)word;
	}
	if (uncompress(bytes, &unpacked, packed, (uLong)used) != Z_OK || unpacked != size)
		goto failed;
	free(packed);
	return bytes;
failed:
	free(packed);
	free(bytes);
	errno = ENOMEM;
	return NULL;
}

static int load_loader(int map, const void *program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_SYSCALL;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = live_loader_program_size / sizeof(struct bpf_insn);
	attr.license = (uintptr_t) "Dual BSD/GPL";
	memcpy(attr.prog_name, "peregrine_load", sizeof "peregrine_load");
	attr.fd_array = (uintptr_t)&map;
	attr.prog_flags = BPF_F_SLEEPABLE;
	return bpf(BPF_PROG_LOAD, &attr, ATTR_SIZE(fd_array));
}

static int make_loader_map(const void *data)
{
	union bpf_attr attr;
	const int key = 0;
	int map;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof key;
	attr.value_size = live_loader_data_size;
	attr.max_entries = 1;
	memcpy(attr.map_name, "peregrine_load", sizeof "peregrine_load");
	map = bpf(BPF_MAP_CREATE, &attr, ATTR_SIZE(map_extra));
	if (map < 0)
		return -1;
	memset(&attr, 0, sizeof attr);
	attr.map_fd = (__u32)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)data;
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr, ATTR_SIZE(flags)) == 0)
		return map;
	close(map);
	return -1;
}

/* Loads the loader and runs it. 0, or -1 with errno set. */
static int run_loader(struct loader_context *context, const void *data, const void *program, const char **step)
{
	union bpf_attr attr;
	int map, loader = -1, result = -1, error;

	*step = "creating a map";
	map = make_loader_map(data);
	if (map < 0)
		return -1;
	*step = "loading the loader";
	loader = load_loader(map, program);
	if (loader < 0)
		goto done;
	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = (__u32)loader;
	attr.test.ctx_in = (uintptr_t)context;
	attr.test.ctx_size_in = context->size;
	*step = "loading the programs";
	if (bpf(BPF_PROG_TEST_RUN, &attr, ATTR_SIZE(test)) < 0)
		goto done;
	if ((int)attr.test.retval < 0)
		errno = -(int)attr.test.retval;
	else
		result = 0;
done:
	error = errno;
	close(map);
	if (loader >= 0)
		close(loader);
	errno = error;
	return result;
}

struct live_programs *live_programs_load(unsigned int processors, unsigned int ring_bytes, const char **step)
{
	struct live_programs *programs = calloc(1, sizeof *programs);
	void *data = unpack(live_loader_data, live_loader_data_size);
	void *program = unpack(live_loader_program, live_loader_program_size);
	void *constants = unpack(live_constants, live_constants_size);
	struct loader_context *context;
	int error;

	*step = "taking memory";
	if (programs == NULL || data == NULL || program == NULL || constants == NULL)
		goto failed;
	for (int i = 0; i < LIVE_PROGRAMS; i++)
		programs->links[i] = -1;
	context = &programs->context;
	context->size = sizeof *context;
	context->maps.scratches.max_entries = processors;
	context->maps.ring.max_entries = ring_bytes;
	context->maps.rodata.initial_value = (uintptr_t)constants;
	if (run_loader(context, data, program, step) < 0)
		goto failed;
	*step = "mapping the variables";
	programs->shared = mmap(NULL, sizeof *programs->shared, PROT_READ | PROT_WRITE, MAP_SHARED, context->maps.bss.fd, 0);
	if (programs->shared == MAP_FAILED) {
		programs->shared = NULL;
		goto failed;
	}
	free(data);
	free(program);
	free(constants);
	return programs;
failed:
	error = errno;
	free(data);
	free(program);
	free(constants);
	live_programs_unload(programs);
	errno = error;
	return NULL;
}

struct live_shared *live_programs_shared(struct live_programs *programs)
{
	return programs->shared;
}

int live_programs_ring(struct live_programs *programs)
{
	return programs->context.maps.ring.fd;
}

int live_programs_attach(struct live_programs *programs, enum live_program which)
{
	const int fds[LIVE_PROGRAMS] = {
		[LIVE_PROGRAM_EXIT] = programs->context.programs.watch_exit,
		[LIVE_PROGRAM_EXEC] = programs->context.programs.watch_exec,
		[LIVE_PROGRAM_CALL] = programs->context.programs.watch_call,
		[LIVE_PROGRAM_SIGNAL] = programs->context.programs.watch_signal,
	};
	union bpf_attr attr;

	/* A program that knows its tracepoint from its types is attached without a name. */
	memset(&attr, 0, sizeof attr);
	attr.raw_tracepoint.prog_fd = (__u32)fds[which];
	programs->links[which] = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, ATTR_SIZE(raw_tracepoint.prog_fd));
	return programs->links[which] < 0 ? -1 : 0;
}

unsigned int live_programs_identify(struct live_programs *programs)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = (__u32)programs->context.programs.identify;
	programs->shared->identity = 0;
	if (bpf(BPF_PROG_TEST_RUN, &attr, ATTR_SIZE(test)) < 0)
		return 0;
	return *(volatile unsigned int *)&programs->shared->identity;
}

static void close_some(int fd)
{
	if (fd > 0)
		close(fd);
}

void live_programs_unload(struct live_programs *programs)
{
	if (programs == NULL)
		return;
	for (int i = 0; i < LIVE_PROGRAMS; i++)
		close_some(programs->links[i]);
	if (programs->shared != NULL)
		munmap(programs->shared, sizeof *programs->shared);
#define X(name) close_some(programs->context.programs.name);
	LIVE_LOADED(X)
#undef X
#define X(name) close_some(programs->context.maps.name.fd);
	LIVE_MAPS(X)
#undef X
	free(programs);
}

#else

struct live_programs *live_programs_load(unsigned int processors, unsigned int ring_bytes, const char **step)
{
	(void)processors;
	(void)ring_bytes;
	*step = "this machine";
	errno = ENOSYS;
	return NULL;
}

struct live_shared *live_programs_shared(struct live_programs *programs)
{
	(void)programs;
	return NULL;
}

int live_programs_ring(struct live_programs *programs)
{
	(void)programs;
	return -1;
}

int live_programs_attach(struct live_programs *programs, enum live_program which)
{
	(void)programs;
	(void)which;
	return -1;
}

unsigned int live_programs_identify(struct live_programs *programs)
{
	(void)programs;
	return 0;
}

void live_programs_unload(struct live_programs *programs)
{
	(void)programs;
}

#endif
