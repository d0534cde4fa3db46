/* SPDX-License-Identifier: Apache-2.0 */
/* The iterators of live_picture.h, loaded: a C interface to the generated image, which is no C++. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

enum live_iterator { LIVE_ITERATOR_TASKS, LIVE_ITERATOR_FILES, LIVE_ITERATORS };

struct live_iterators; /* opaque */

/* Loads them. NULL with errno set where the kernel cannot, or does not let this process. */
struct live_iterators *live_iterators_load(void);

/* A descriptor from which what one of them tells can be read once; the caller closes it. -1 with errno set. */
int live_iterators_begin(struct live_iterators *iterators, enum live_iterator which);

void live_iterators_unload(struct live_iterators *iterators);

#ifdef __cplusplus
}
#endif
