/* SPDX-License-Identifier: Apache-2.0 */
#include "live_privileges.h"

#if defined(__linux__)

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif
#define BIT(capability) (1u << (capability))
#define ALL_WORDS _LINUX_CAPABILITY_U32S_3

/*
 * Capabilities belong to threads, and each can change its own alone. So every thread is interrupted by a signal and does it
 * then, as the C library has all threads change their user. The two words are all that the handler knows: it is there only
 * while one thread is in live_privileges_drop().
 */
static unsigned int kept;
static int answers;

static void drop_own(unsigned int keep)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[ALL_WORDS];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	for (int i = 0; i < ALL_WORDS; i++) {
		data[i].permitted &= i == 0 ? keep : 0;
		data[i].effective &= data[i].permitted;
		data[i].inheritable = 0; /* and with it what programs that are started would get */
	}
	syscall(SYS_capset, &header, data);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void on_signal(int signal)
{
	const int error = errno;

	(void)signal;
	drop_own(__atomic_load_n(&kept, __ATOMIC_ACQUIRE));
	__atomic_fetch_add(&answers, 1, __ATOMIC_RELEASE);
	errno = error;
}

/* Signals all threads but this one. Returns how many. */
static int ask_others(int signal)
{
	const pid_t own = (pid_t)syscall(SYS_gettid);
	DIR *threads = opendir("/proc/self/task");
	const struct dirent *entry;
	int asked = 0;

	if (threads == NULL)
		return 0;
	while ((entry = readdir(threads)) != NULL) {
		const int tid = atoi(entry->d_name);

		if (tid > 0 && tid != own && syscall(SYS_tgkill, getpid(), tid, signal) == 0)
			asked++;
	}
	closedir(threads);
	return asked;
}

static int has(const struct __user_cap_data_struct *data, unsigned int capability)
{
	return (int)(data[capability / 32].effective >> (capability % 32) & 1);
}

int live_privileges_suffice(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[ALL_WORDS];

	if (syscall(SYS_capget, &header, data) < 0)
		return 1;
	return has(data, CAP_SYS_ADMIN) || (has(data, CAP_BPF) && has(data, CAP_PERFMON));
}

int live_privileges_drop(int keeps_proc)
{
	const struct timespec moment = {0, 1000000};
	const int signal = SIGRTMIN + 6;
	struct sigaction action, before;
	int asked;

	if (geteuid() == 0)
		return 0;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigfillset(&action.sa_mask);
	__atomic_store_n(&answers, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&kept, BIT(CAP_DAC_READ_SEARCH), __ATOMIC_RELEASE);
	if (sigaction(signal, &action, &before) < 0)
		return -1;
	asked = ask_others(signal);
	/* A thread that was interrupted answers at once; one that lets no signals through never does. */
	for (int i = 0; i < 1000 && __atomic_load_n(&answers, __ATOMIC_ACQUIRE) < asked; i++)
		nanosleep(&moment, NULL);
	drop_own(BIT(CAP_DAC_READ_SEARCH) | (keeps_proc ? BIT(CAP_SYS_PTRACE) : 0));
	asked -= __atomic_load_n(&answers, __ATOMIC_ACQUIRE);
	/* The handler stays if somebody may still come to it: the signal's default would end the process. */
	if (asked <= 0)
		sigaction(signal, &before, NULL);
	return asked > 0 ? asked : 0;
}

#else

int live_privileges_suffice(void)
{
	return 1;
}

int live_privileges_drop(int keeps_proc)
{
	(void)keeps_proc;
	return 0;
}

#endif
