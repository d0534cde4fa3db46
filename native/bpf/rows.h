/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The rows of all calls, and the interpreter that makes an event of one. */
#pragma once

#include "operations.h"

#include "calls_fds.h"
#include "calls_files.h"
#include "calls_processes.h"
#include "calls_sockets.h"

/* What a program's section says of the tracepoint that it runs at. */
#ifdef PLAIN_TRACEPOINTS
#define TRACEPOINT "raw_tp/"
#else
#define TRACEPOINT "tp_btf/"
#endif

static const struct recipe recipes[EVENT_TYPES] = {FILE_CALLS FD_CALLS SOCKET_CALLS PROCESS_CALLS};

inline_always bool is_self(struct task_struct *task)
{
	return task->tgid == shared.self;
}

inline_always int fill_by_recipe(struct scratch *s, u32 type)
{
	const struct recipe *recipe;
	u32 i;

	if (!s || type >= EVENT_TYPES)
		return 0;
	recipe = &recipes[type];
	for (i = 0; i < MOST_STEPS; i++) {
		if (i >= recipe->steps)
			break;
		carry_out(s, recipe->step[i].op, recipe->step[i].arg);
	}
	return 0;
}
