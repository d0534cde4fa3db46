/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Linux's numbers to those of events, which are the same on all machines: the flag tables of schema/events.json. */
#pragma once

#include "scratch.h"

/* Linux's, of x86. */
#define L_O_CREAT 0100
#define L_O_TMPFILE 020200000
#define L_O_NONBLOCK 04000
#define L_O_CLOEXEC 02000000

#define MAP_BIT(from, to) ((flags & (from)) == (from) ? (to) : 0)

inline_always u32 open_flags(u32 flags)
{
	u32 access = flags & 3;
	u32 out = access == 0 ? 1 : access == 1 ? 2 : 3;

	if (flags >> 2 == 0)
		return out;
	out |= MAP_BIT(0100, 0x4) | MAP_BIT(02000, 0x8) | MAP_BIT(0200, 0x20) | MAP_BIT(04000, 0x40) |
	       MAP_BIT(01000, 0x100) | MAP_BIT(040000, 0x200) | MAP_BIT(0200000, 0x400) | MAP_BIT(0100000, 0x800) |
	       MAP_BIT(02000000, 0x1000) | MAP_BIT(010000, 0x10);
	out |= MAP_BIT(04010000, 0x80); /* O_SYNC holds O_DSYNC */
	if ((flags & L_O_TMPFILE) == L_O_TMPFILE)
		out |= 0x2000;
	return out;
}

/* Flags that give no access: CLOEXEC and NONBLOCK, in all their spellings. */
inline_always u32 fd_flags(u32 flags)
{
	return MAP_BIT(L_O_NONBLOCK, 0x40) | MAP_BIT(L_O_CLOEXEC, 0x1000);
}

/* Out of those for pipe2, dup3 and the like. */
inline_always u32 pipe_flags(u32 flags)
{
	return MAP_BIT(L_O_NONBLOCK, 0x40) | MAP_BIT(L_O_CLOEXEC, 0x1000) | MAP_BIT(040000, 0x200) |
	       MAP_BIT(0200, 0x20);
}

inline_always u32 clone_flags(u64 flags)
{
	return MAP_BIT(0x00000400, 0x1) | MAP_BIT(0x00000200, 0x2) | MAP_BIT(0x80000000, 0x4) |
	       MAP_BIT(0x08000000, 0x8) | MAP_BIT(0x40000000, 0x10) | MAP_BIT(0x00020000, 0x20) |
	       MAP_BIT(0x20000000, 0x40) | MAP_BIT(0x04000000, 0x80) | MAP_BIT(0x00008000, 0x100) |
	       MAP_BIT(0x00100000, 0x200) | MAP_BIT(0x00002000, 0x400) | MAP_BIT(0x00000800, 0x800) |
	       MAP_BIT(0x00040000, 0x1000) | MAP_BIT(0x00010000, 0x2000) | MAP_BIT(0x00800000, 0x4000) |
	       MAP_BIT(0x00000100, 0x8000) | MAP_BIT(0x10000000, 0x100000) | MAP_BIT(0x00200000, 0x800000) |
	       MAP_BIT(0x01000000, 0x1000000) | MAP_BIT(0x00080000, 0x2000000) | MAP_BIT(0x00004000, 0x8000000) |
	       MAP_BIT(0x02000000, 0x10000000);
}

inline_always u32 mmap_flags(u32 flags)
{
	u32 out = flags & 3; /* SHARED, PRIVATE; SHARED_VALIDATE is both */

	return out | MAP_BIT(0x10, 0x4) | MAP_BIT(0x20, 0x8) | MAP_BIT(0x40, 0x10) | MAP_BIT(0x4000, 0x40) |
	       MAP_BIT(0x8000, 0x80) | MAP_BIT(0x10000, 0x100) | MAP_BIT(0x100, 0x200) | MAP_BIT(0x800, 0x400) |
	       MAP_BIT(0x1000, 0x800) | MAP_BIT(0x2000, 0x4000);
}

inline_always u32 prot_flags(u32 flags)
{
	return (flags & 0xf) | MAP_BIT(0x01000000, 0x10) | MAP_BIT(0x02000000, 0x20);
}

inline_always u8 fcntl_command(u32 command)
{
	switch (command) {
	case 0: /* F_DUPFD .. F_SETFL */
	case 1:
	case 2:
	case 3:
	case 4:
		return command + 1;
	case 5:
		return 6; /* F_GETLK */
	case 6:
		return 8; /* F_SETLK */
	case 7:
		return 9; /* F_SETLKW */
	case 8:
		return 10; /* F_SETOWN */
	case 9:
		return 12; /* F_GETOWN */
	case 10:
		return 13; /* F_SETSIG */
	case 11:
		return 15; /* F_GETSIG */
	case 12:
	case 13:
	case 14:
		return command + 5; /* F_GETLK64 .. F_SETLKW64, of 32-bit programs */
	case 15:
		return 0x15; /* F_SETOWN_EX */
	case 16:
		return 0x16;
	case 36:
		return 0x1e; /* F_OFD_GETLK */
	case 37:
		return 0x1f;
	case 38:
		return 0x20;
	case 1024:
		return 0x17; /* F_SETLEASE */
	case 1025:
		return 0x18;
	case 1026:
		return 0x1b; /* F_NOTIFY */
	case 1029:
		return 0x19; /* F_CANCELLK */
	case 1030:
		return 0x1a; /* F_DUPFD_CLOEXEC */
	case 1031:
		return 0x1c;
	case 1032:
		return 0x1d;
	}
	return 0;
}

inline_always u16 ptrace_request(u32 request)
{
	switch (request) {
	case 0: /* TRACEME .. SINGLESTEP */
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		return request + 1;
	case 12: /* GETREGS .. SETFPXREGS */
	case 13:
	case 14:
	case 15:
		return request - 12 + 0x1a;
	case 16:
		return 0xb; /* ATTACH */
	case 17:
		return 0xc;
	case 18:
		return 0x1e; /* GETFPXREGS */
	case 19:
		return 0x1f;
	case 21:
		return 0x20; /* OLDSETOPTIONS */
	case 24:
		return 0xd; /* SYSCALL */
	case 25:
		return 0x21;
	case 26:
		return 0x22;
	case 30:
		return 0x23; /* ARCH_PRCTL */
	case 31:
		return 0x24;
	case 32:
		return 0x25;
	case 33:
		return 0x26;
	case 0x4200: /* SETOPTIONS .. SETSIGINFO */
	case 0x4201:
	case 0x4202:
	case 0x4203:
	case 0x4204:
	case 0x4205:
	case 0x4206:
	case 0x4207:
	case 0x4208:
	case 0x4209:
	case 0x420a:
	case 0x420b:
		return request - 0x4200 + 0xe;
	}
	return 0;
}

inline_always u8 sockopt_level(u32 level)
{
	return level == 1 ? 1 : level == 6 ? 2 : 0;
}

inline_always u8 sockopt_option(u32 level, u32 option)
{
	if (level != 1)
		return 0;
	if (option <= 50)
		return option;
	switch (option) {
	case 55:
		return 0x34; /* MEMINFO */
	case 57:
		return 0x35; /* COOKIE */
	case 59:
		return 0x33; /* PEERGROUPS */
	case 63: /* the names that take 64-bit times */
		return 0x1d;
	case 64:
		return 0x23;
	case 65:
		return 0x25;
	case 66:
		return 0x14;
	case 67:
		return 0x15;
	}
	return 0;
}

inline_always u16 semctl_command(u32 command)
{
	switch (command & ~0x100) { /* IPC_64 */
	case 0:
		return 0x4; /* IPC_RMID */
	case 1:
		return 0x2;
	case 2:
		return 0x1;
	case 3:
		return 0x8;
	case 11:
		return 0x100; /* GETPID */
	case 12:
		return 0x200;
	case 13:
		return 0x40;
	case 14:
		return 0x80;
	case 15:
		return 0x400;
	case 16:
		return 0x1000;
	case 17:
		return 0x800;
	case 18:
		return 0x20;
	case 19:
		return 0x10;
	}
	return 0;
}

inline_always u32 semget_flags(u32 flags)
{
	return (flags & 0777) | MAP_BIT(01000, 0x2000) | MAP_BIT(02000, 0x4000);
}

inline_always u16 sembuf_flags(u32 flags)
{
	return MAP_BIT(04000, 0x1) | MAP_BIT(0x1000, 0x2);
}

inline_always u16 quotactl_command(u32 command)
{
	switch (command >> 8) {
	case 0x800001:
		return 0x80; /* Q_SYNC */
	case 0x800002:
		return 0x1;
	case 0x800003:
		return 0x2;
	case 0x800004:
		return 0x4;
	case 0x800005:
		return 0x8;
	case 0x800006:
		return 0x10;
	case 0x800007:
		return 0x20;
	case 0x800008:
		return 0x40;
	case 0x5801:
		return 0x100; /* Q_XQUOTAON */
	case 0x5802:
		return 0x200;
	case 0x5803:
		return 0x400;
	case 0x5804:
		return 0x800;
	case 0x5805:
		return 0x1000;
	case 0x5806:
		return 0x2000;
	case 0x5807:
		return 0x4000;
	}
	return 0;
}

inline_always u8 quota_format(u32 format)
{
	return format == 1 ? 0x2 : format == 2 ? 0x4 : format == 4 ? 0x8 : 0x1;
}

inline_always u32 io_uring_flags(u32 flags)
{
	return (flags & 3) | (flags & 0x7c) << 1;
}

inline_always u32 poll_events(u32 flags)
{
	return MAP_BIT(0x1, 0x1) | MAP_BIT(0x2, 0x2) | MAP_BIT(0x4, 0x4) | MAP_BIT(0x2000, 0x8) | MAP_BIT(0x8, 0x10) |
	       MAP_BIT(0x10, 0x20) | MAP_BIT(0x20, 0x40) | MAP_BIT(0x40, 0x80) | MAP_BIT(0x80, 0x100) |
	       MAP_BIT(0x100, 0x200) | MAP_BIT(0x200, 0x400);
}
