/* SPDX-License-Identifier: Apache-2.0 */
#include "live_iterators.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "live_loader.h"

#if defined(__linux__) && defined(__x86_64__)

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/picture.generated.h"

enum {
#define X(name) PROGRAM_##name,
	PICTURE_LOADED(X)
#undef X
	PROGRAMS
};

struct live_iterators {
	struct live_loaded loaded;
	int links[LIVE_ITERATORS];
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(__NR_bpf, command, attr, sizeof *attr);
}

struct live_iterators *live_iterators_load(void)
{
	const int programs[LIVE_ITERATORS] = {PROGRAM_tell_task, PROGRAM_tell_file};
	struct live_iterators *iterators = calloc(1, sizeof *iterators);
	const char *step;
	union bpf_attr attr;

	if (iterators == NULL)
		return NULL;
	for (int i = 0; i < LIVE_ITERATORS; i++)
		iterators->links[i] = -1;
	if (live_image_prepare(&iterators->loaded, &live_picture) < 0 ||
	    live_image_load(&iterators->loaded, &live_picture, &step) < 0)
		goto failed;
	for (int i = 0; i < LIVE_ITERATORS; i++) {
		memset(&attr, 0, sizeof attr);
		attr.link_create.prog_fd = (__u32)iterators->loaded.programs[programs[i]];
		attr.link_create.attach_type = BPF_TRACE_ITER;
		iterators->links[i] = bpf(BPF_LINK_CREATE, &attr);
		if (iterators->links[i] < 0)
			goto failed;
	}
	return iterators;
failed:
	live_iterators_unload(iterators);
	return NULL;
}

int live_iterators_begin(struct live_iterators *iterators, enum live_iterator which)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.iter_create.link_fd = (__u32)iterators->links[which];
	return bpf(BPF_ITER_CREATE, &attr);
}

void live_iterators_unload(struct live_iterators *iterators)
{
	const int error = errno;

	if (iterators == NULL)
		return;
	for (int i = 0; i < LIVE_ITERATORS; i++)
		if (iterators->links[i] >= 0)
			close(iterators->links[i]);
	live_image_unload(&iterators->loaded);
	free(iterators);
	errno = error;
}

#else

struct live_iterators *live_iterators_load(void)
{
	errno = ENOSYS;
	return NULL;
}

int live_iterators_begin(struct live_iterators *iterators, enum live_iterator which)
{
	(void)iterators;
	(void)which;
	errno = ENOSYS;
	return -1;
}

void live_iterators_unload(struct live_iterators *iterators)
{
	(void)iterators;
}

#endif
