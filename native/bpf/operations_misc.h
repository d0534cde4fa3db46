/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Operations of single calls. */
#pragma once

#define PR_SET_NAME 15
#define PR_GET_CHILD_SUBREAPER 37

/* What quotactl reads and writes, with the field that says which of them hold left out. */
struct quota {
	u64 hard, soft, space, inode_hard, inode_soft, inodes, block_time, inode_time;
};

inline_always int carry_out_quota(struct scratch *s, u32 op, u32 a)
{
	u32 command;
	u64 value;

	if (!s)
		return 0;
	command = quotactl_command(arg(s, 0));
	value = arg(s, a);
	switch (op) {
	case QUOTA_FILE:
		push_user_text(s, command == 0x1 ? arg(s, 3) : 0);
		break;
	case QUOTA_BLOCK: {
		/* Seven parameters: limits of blocks, space, limits of inodes, times. */
		struct quota q = {};

		if (command == 0x20 || command == 0x40)
			bpf_probe_read_user(&q, sizeof q, (void *)arg(s, 3));
		push_u64(s, q.hard);
		push_u64(s, q.soft);
		push_u64(s, q.space);
		push_u64(s, q.inode_hard);
		push_u64(s, q.inode_soft);
		push_u64(s, q.block_time);
		push_u64(s, q.inode_time);
		break;
	}
	case QUOTA_INFO: {
		struct {
			u64 block_grace, inode_grace;
			u32 flags, valid;
		} info = {};

		if (command == 0x8 || command == 0x10)
			bpf_probe_read_user(&info, sizeof info, (void *)arg(s, 3));
		push_u64(s, info.block_grace);
		push_u64(s, info.inode_grace);
		push_u8(s, info.flags & 1 ? 0x2 : 0x1);
		break;
	}
	case QUOTA_FORMAT_OUT: {
		u32 format = 0;

		if (command == 0x4 && s->ret >= 0)
			bpf_probe_read_user(&format, sizeof format, (void *)arg(s, 3));
		push_u8(s, quota_format(format));
		break;
	}
	case QUOTA_COMMAND:
		push_u16(s, command);
		break;
	case QUOTA_TYPE:
		push_u8(s, (arg(s, 0) & 0xff) == 0 ? 0x1 : (arg(s, 0) & 0xff) == 1 ? 0x2 : 0);
		break;
	case QUOTA_ID:
		push_u32(s, command == 0x20 || command == 0x40 || command == 0x200 || command == 0x400 ? value : 0);
		break;
	default: /* QUOTA_FORMAT */
		push_u8(s, command == 0x1 ? quota_format(value) : 0x1);
	}
	return 0;
}

noinline int carry_out_misc(struct scratch *s, u32 op, u32 a)
{
	u64 value;

	if (!s)
		return 0;
	if (op >= QUOTA_FILE)
		return carry_out_quota(s, op, a);
	value = arg(s, a);
	switch (op) {
	case PIPE_INODE: {
		s32 fd = -1;
		struct file *file;

		if (s->ret >= 0)
			bpf_probe_read_user(&fd, sizeof fd, (void *)value);
		file = file_of(fd);
		push_u64(s, file ? BPF_CORE_READ(file, f_inode, i_ino) : 0);
		break;
	}
	case CAPABILITIES: {
		struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
		const struct cred *cred = task->cred;

		push_u64(s, cred ? CAPABILITIES_OF(cred, cap_inheritable) : 0);
		push_u64(s, cred ? CAPABILITIES_OF(cred, cap_permitted) : 0);
		push_u64(s, cred ? CAPABILITIES_OF(cred, cap_effective) : 0);
		break;
	}
	case POLL_LIST:
		push_poll_list(s);
		break;
	case PRCTL_TEXT:
		push_user_text(s, arg(s, 0) == PR_SET_NAME ? value : 0);
		break;
	case PRCTL_NUMBER:
		if (arg(s, 0) == PR_SET_NAME) {
			push_u64(s, 0);
		} else if (arg(s, 0) == PR_GET_CHILD_SUBREAPER) {
			s32 number = 0;

			bpf_probe_read_user(&number, sizeof number, (void *)value);
			push_u64(s, (s64)number);
		} else {
			push_u64(s, value);
		}
		break;
	case URING_U32:
		push_user_u32(s, arg(s, 1) + a * 4);
		break;
	case URING_FLAGS:
	case URING_FEATURES: {
		u32 word = 0;

		bpf_probe_read_user(&word, sizeof word, (void *)(arg(s, 1) + a * 4));
		push_u32(s, op == URING_FLAGS ? io_uring_flags(word) : word & 0x7ff);
		break;
	}
	case KEY_NUMBER: {
		u32 operation = arg(s, 0);
		bool is_text = (a == 1 && operation == 1) ||                    /* JOIN_SESSION_KEYRING name */
			       ((a == 2 || a == 3) && operation == 10) ||       /* SEARCH type, description */
			       ((a == 2 || a == 3) && operation == 29);         /* RESTRICT_KEYRING */
		u8 *to = next_param(s);

		if (is_text && value && has_room(s)) {
			long size = bpf_probe_read_user_str(to + 1, LONGEST_PATH, (void *)value);

			to[0] = 1;
			end_param(s, size > 0 && size <= LONGEST_PATH ? 1 + size : 0);
			break;
		}
		to[0] = 0;
		*(s64 *)&to[1] = operation == 10 || operation == 29 || a > 1 ? value : (s64)(s32)value;
		end_param(s, 9);
		break;
	}
	case SEM_NUMBER:
	case SEM_OPERATION:
	case SEM_FLAGS: {
		u16 words[3] = {};

		if (s->ret >= 0 && a < arg(s, 2))
			bpf_probe_read_user(words, sizeof words, (void *)(arg(s, 1) + a * 6));
		push_u16(s, op == SEM_NUMBER ? words[0] : op == SEM_OPERATION ? words[1] : sembuf_flags(words[2]));
		break;
	}
	case CONFIG_BYTES:
		push_user_bytes(s, arg(s, 1) == 2 && s->ret >= 0 ? value : 0, arg(s, 4), LONGEST_VECTOR - 1);
		break;
	case CONFIG_TEXT:
		push_user_text(s, s->ret >= 0 && (arg(s, 1) == 1 || arg(s, 1) == 3 || arg(s, 1) == 4) ? value : 0);
		break;
	default:
		push_empty(s);
	}
	return 0;
}
