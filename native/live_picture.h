/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is when watching begins, told by the kernel itself: iterators over threads and open files. They see all that
 * /proc tells of everybody's processes, and more, with the rights that watching needs anyway. C and C++ and BPF compile
 * this file.
 */
#pragma once

/* Types of entries, and how many parameters one has. */
enum { LIVE_PICTURE_TASK = 1, LIVE_PICTURE_FILE = 2 };
enum { LIVE_TASK_PARAMS = 32, LIVE_FILE_PARAMS = 14 };
