/* SPDX-License-Identifier: Apache-2.0 */
#include "live_programs.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "live_loader.h"

#if defined(__linux__) && defined(__x86_64__)

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/programs.generated.h"

enum {
#define X(name) MAP_##name,
	LIVE_MAPS(X)
#undef X
	MAPS
};

enum {
#define X(name) PROGRAM_##name,
	LIVE_LOADED(X)
#undef X
	PROGRAMS
};

/* What a program runs at, the tracepoint's name, and the one that it had in older kernels. */
static const struct {
	unsigned int program;
	const char *tracepoint, *before;
} places[LIVE_PROGRAMS] = {
	[LIVE_PROGRAM_EXIT] = {PROGRAM_watch_exit, "sched_process_exit"},
	[LIVE_PROGRAM_EXEC] = {PROGRAM_watch_exec, "sched_process_exec"},
	[LIVE_PROGRAM_CALL] = {PROGRAM_watch_call, "sys_exit"},
	[LIVE_PROGRAM_SIGNAL] = {PROGRAM_watch_signal, "signal_deliver"},
	[LIVE_PROGRAM_COMPLETION] = {PROGRAM_watch_completion, "io_uring_complete"},
	[LIVE_PROGRAM_OVERFLOW] = {PROGRAM_watch_overflow, "io_uring_cqe_overflow"},
	[LIVE_PROGRAM_REQUEST] = {PROGRAM_watch_request, "io_uring_submit_req", "io_uring_submit_sqe"},
};

struct live_programs {
	struct live_loaded loaded;
	struct live_shared *shared;
	int is_plain;
	int links[LIVE_PROGRAMS];
};

#define ATTR_SIZE(member) (offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)0)->member))

static int bpf(enum bpf_cmd command, union bpf_attr *attr, unsigned int size)
{
	return (int)syscall(__NR_bpf, command, attr, size);
}

/* Has the programs at io_uring's tracepoints find the one that makes events of requests. */
static int connect_teller(struct live_programs *programs)
{
	union bpf_attr attr;
	const __u32 key = 0;
	const __u32 program = (__u32)programs->loaded.programs[PROGRAM_tell_request];

	memset(&attr, 0, sizeof attr);
	attr.map_fd = (__u32)programs->loaded.maps[MAP_request_teller].fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&program;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr, ATTR_SIZE(flags));
}

struct live_programs *live_programs_load(enum live_kind kind, unsigned int processors, unsigned int ring_bytes,
					 const char **step)
{
	struct live_programs *programs = calloc(1, sizeof *programs);
	const struct live_image *image = kind == LIVE_PLAIN ? &live_plain : &live_typed;
	void *memory;

	*step = "taking memory";
	if (programs == NULL)
		return NULL;
	for (int i = 0; i < LIVE_PROGRAMS; i++)
		programs->links[i] = -1;
	programs->is_plain = kind == LIVE_PLAIN;
	if (live_image_prepare(&programs->loaded, image) < 0)
		goto failed;
	programs->loaded.maps[MAP_scratches].max_entries = processors;
	programs->loaded.maps[MAP_ring].max_entries = ring_bytes;
	if (live_image_load(&programs->loaded, image, step) < 0)
		goto failed;
	*step = "connecting the programs";
	if (connect_teller(programs) < 0)
		goto failed;
	*step = "mapping the variables";
	memory = mmap(NULL, sizeof *programs->shared, PROT_READ | PROT_WRITE, MAP_SHARED, programs->loaded.maps[MAP_bss].fd, 0);
	if (memory == MAP_FAILED)
		goto failed;
	programs->shared = memory;
	return programs;
failed:
	live_programs_unload(programs);
	return NULL;
}

struct live_shared *live_programs_shared(struct live_programs *programs)
{
	return programs->shared;
}

int live_programs_ring(struct live_programs *programs)
{
	return programs->loaded.maps[MAP_ring].fd;
}

int live_programs_attach(struct live_programs *programs, enum live_program which)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.raw_tracepoint.prog_fd = (__u32)programs->loaded.programs[places[which].program];
	/* A program that knows its tracepoint from its types is attached without a name. */
	if (programs->is_plain || which >= LIVE_PROGRAM_COMPLETION)
		attr.raw_tracepoint.name = (uintptr_t)places[which].tracepoint;
	programs->links[which] = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, ATTR_SIZE(raw_tracepoint.prog_fd));
	if (programs->links[which] < 0 && errno == ENOENT && places[which].before != NULL) {
		attr.raw_tracepoint.name = (uintptr_t)places[which].before;
		programs->links[which] = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, ATTR_SIZE(raw_tracepoint.prog_fd));
	}
	return programs->links[which] < 0 ? -1 : 0;
}

unsigned int live_programs_identify(struct live_programs *programs)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = (__u32)programs->loaded.programs[PROGRAM_identify];
	programs->shared->identity = 0;
	if (bpf(BPF_PROG_TEST_RUN, &attr, ATTR_SIZE(test)) < 0)
		return 0;
	return *(volatile unsigned int *)&programs->shared->identity;
}

unsigned long long live_programs_missed(struct live_programs *programs, enum live_program which)
{
	struct bpf_prog_info info;
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	memset(&info, 0, sizeof info);
	attr.info.bpf_fd = (__u32)programs->loaded.programs[places[which].program];
	attr.info.info_len = sizeof info;
	attr.info.info = (uintptr_t)&info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, ATTR_SIZE(info)) < 0 ? 0 : info.recursion_misses;
}

void live_programs_unload(struct live_programs *programs)
{
	const int error = errno;

	if (programs == NULL)
		return;
	for (int i = 0; i < LIVE_PROGRAMS; i++)
		if (programs->links[i] >= 0)
			close(programs->links[i]);
	if (programs->shared != NULL)
		munmap(programs->shared, sizeof *programs->shared);
	live_image_unload(&programs->loaded);
	free(programs);
	errno = error;
}

#else

struct live_programs *live_programs_load(enum live_kind kind, unsigned int processors, unsigned int ring_bytes,
					 const char **step)
{
	(void)kind;
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

unsigned long long live_programs_missed(struct live_programs *programs, enum live_program which)
{
	(void)programs;
	(void)which;
	return 0;
}

void live_programs_unload(struct live_programs *programs)
{
	(void)programs;
}

#endif
