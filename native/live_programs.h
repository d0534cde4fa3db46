/* SPDX-License-Identifier: Apache-2.0 */
/* The programs in the kernel, loaded: a C interface to the generated skeleton, which is no C++. */
#pragma once

#include "live_shared.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tracepoints, in the order in which they are attached. Those from LIVE_PROGRAM_COMPLETION on may be missing. */
enum live_program {
	LIVE_PROGRAM_EXIT,
	LIVE_PROGRAM_EXEC,
	LIVE_PROGRAM_CALL,
	LIVE_PROGRAM_SIGNAL,
	LIVE_PROGRAM_COMPLETION,
	LIVE_PROGRAM_OVERFLOW,
	LIVE_PROGRAM_REQUEST,
	LIVE_PROGRAMS
};

/* How the programs know their tracepoints: by the kernel's description of their arguments, or by name. */
enum live_kind { LIVE_TYPED, LIVE_PLAIN };

struct live_programs; /* opaque */

/*
 * Loads all programs into the kernel; nothing runs yet. `ring_bytes` is a power of two. Returns NULL with errno set, and
 * `step` the sentence about what failed.
 */
struct live_programs *live_programs_load(enum live_kind kind, unsigned int processors, unsigned int ring_bytes,
					 const char **step);

/* The memory that is shared with the programs. */
struct live_shared *live_programs_shared(struct live_programs *programs);
int live_programs_ring(struct live_programs *programs);

/* Makes one of them run at its tracepoint. 0, or -1 with errno set. */
int live_programs_attach(struct live_programs *programs, enum live_program which);

/* The process's number as the programs see it; 0 where that cannot be found out. */
unsigned int live_programs_identify(struct live_programs *programs);

/*
 * How often the kernel passed a program by because it was at work on the same processor, since it was loaded. 0 where the
 * kernel does not say.
 */
unsigned long long live_programs_missed(struct live_programs *programs, enum live_program which);

/* Stops and removes all of them. */
void live_programs_unload(struct live_programs *programs);

#ifdef __cplusplus
}
#endif
