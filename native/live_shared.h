/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs in the kernel and the reader in user space share: one structure, mapped by both. C and C++ and BPF
 * compile this file. Integers are plain: each has one writer, or is changed atomically, as its comment says.
 */
#pragma once

#define LIVE_SYSCALLS 512
#define LIVE_EVENT_TYPES 512

/* Of what an event is lost: the classes that the "drops" alert tells. The order is that of DropClass in live-source.ts. */
enum live_class {
	LIVE_CLASS_OTHER,
	LIVE_CLASS_CLONE_FORK,
	LIVE_CLASS_EXECVE,
	LIVE_CLASS_CONNECT,
	LIVE_CLASS_OPEN,
	LIVE_CLASS_DIR_FILE,
	LIVE_CLASS_INTEREST,
	LIVE_CLASS_CLOSE,
	LIVE_CLASS_PROC,
	LIVE_CLASS_CREDENTIAL,
	LIVE_CLASSES
};

/* Why an event is lost. */
enum live_cause {
	LIVE_CAUSE_FULL,    /* the ring had no room */
	LIVE_CAUSE_RESERVE, /* the last part of the ring is kept for events that must not be lost */
	LIVE_CAUSE_SCRATCH, /* there was no memory to put the event together in */
	LIVE_CAUSE_MISSED,  /* the kernel did not run the program: it was at work already. Written by user space, as told */
	LIVE_CAUSES
};

struct live_shared {
	/* By user space. */
	unsigned char wanted_call[LIVE_SYSCALLS];     /* by number of the system call: 1 = its exit is an event */
	unsigned char wanted_event[LIVE_EVENT_TYPES]; /* by type, for events that are no system calls */
	unsigned long long boot_time;                 /* ns since the epoch when the machine started */
	unsigned int self;                            /* the process that watches, as the kernel numbers it */
	unsigned int snaplen;                         /* bytes of I/O data that an event carries at the most */
	unsigned int reserve;                         /* bytes of a fuller ring at which only vital events go in */
	/* Set by user space before it sleeps; the event that wakes it up sets it back. */
	unsigned int waiting;
	unsigned int drop_failed;                     /* 1: calls that failed are no events */
	/* By the programs: the last part of the ring is reached. Whoever sees it changes it, to what is true then. */
	unsigned int is_tight;
	/* Increased atomically by the programs. */
	unsigned long long drops[LIVE_CLASSES][LIVE_CAUSES];
	/* Written by the identify program, once, when user space runs it. */
	unsigned int identity;
	unsigned int spare2;
};

/*
 * An event in the ring: 8 bytes of prefix, then the event as a capture has it.
 *
 *   u16 cpu | u16 0 | u32 0 | u64 ts | u64 tid | u32 len | u16 type | u32 nparams | u16 lengths | parameters
 *                             └───────────────────── len counts from here ──────────────────────────────┘
 */
#define LIVE_PREFIX 8
#define LIVE_HEADER 26
