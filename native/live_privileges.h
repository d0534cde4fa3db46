/* SPDX-License-Identifier: Apache-2.0 */
/* The rights of the process, of which watching needs most only to begin. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Whether this thread has the capabilities that watching needs to begin. */
int live_privileges_suffice(void);

/*
 * Gives up, in all threads of the process, all capabilities but the right to read every file (rules, what container engines
 * write down) and, where `keeps_proc` says that /proc is still needed, the right to look at other programs; new programs
 * get none of them. Nothing happens for root, who may need them for outputs and plugins. Returns how many threads could not
 * be reached.
 */
int live_privileges_drop(int keeps_proc);

#ifdef __cplusplus
}
#endif
