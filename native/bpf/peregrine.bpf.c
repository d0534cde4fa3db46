/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The programs that watch. Each puts the event of what it sees into the ring, in the layout of a capture's events:
 *
 *   sys_exit             the result of a system call; arguments are still where the program put them
 *   sched_process_exec   a program that was started: at the call's exit its arguments are gone
 *   sched_process_exit   a thread that ends
 *   signal_deliver       a signal that reaches a program
 *   io_uring_...         requests of io_uring, which pass no system call by (requests.h)
 *
 * Which of them become events is decided first of all, by one load from a table that user space writes (live_shared.h).
 *
 * The file is compiled twice. With PLAIN_TRACEPOINTS the programs are attached by name and know nothing of the types of a
 * tracepoint's arguments: for kernels where one of the tracepoints is missing, or is not described.
 */
#include "hot_calls.h"
#include "requests.h"

#ifdef PLAIN_TRACEPOINTS
#define REGISTERS(ctx) ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))
#else
#define REGISTERS(ctx) ((struct pt_regs *)(ctx)[0])
#endif

#define TS_COMPAT 2
#define X32_BIT 0x40000000
#define IA32_SOCKETCALL 102
#define PF_KTHREAD 0x200000
#define NO_CALL 0xffff

/* Calls on sockets that 32-bit programs make through one call, by its first argument. */
static const u16 socketcalls[21] = {NO_CALL, 41, 49, 42, 50, 43, 51, 52, 53, 44, 45, 44, 45, 48, 54, 55, 46, 47, 288, 299, 307};

/* The arguments of a 64-bit program. */
inline_always void take_arguments(struct scratch *s, struct pt_regs *regs)
{
	s->args[0] = regs->di;
	s->args[1] = regs->si;
	s->args[2] = regs->dx;
	s->args[3] = regs->r10;
	s->args[4] = regs->r8;
	s->args[5] = regs->r9;
	s->args[6] = 0;
	s->args[7] = 0;
}

inline_always void take_arguments32(struct scratch *s, struct pt_regs *regs)
{
	s->args[0] = (u32)regs->bx;
	s->args[1] = (u32)regs->cx;
	s->args[2] = (u32)regs->dx;
	s->args[3] = (u32)regs->si;
	s->args[4] = (u32)regs->di;
	s->args[5] = (u32)regs->bp;
	s->args[6] = 0;
	s->args[7] = 0;
}

/* The arguments of socketcall are in memory. Returns the event's type: send and recv are calls of their own here. */
inline_always int take_socketcall(struct scratch *s)
{
	u32 words[6] = {};
	u32 which, i;

	if (!s)
		return 0;
	which = s->args[0];
	bpf_probe_read_user(words, sizeof words, (void *)s->args[1]);
	for (i = 0; i < 6; i++)
		s->args[i] = words[i];
	if (which == 9)
		return PPME_SOCKET_SEND_X;
	if (which == 10)
		return PPME_SOCKET_RECV_X;
	return 0;
}

/*
 * Flags of clone3 as the child sees them. They are in memory that the parent may have used for something else by now, so
 * they are told from what the two have in common.
 */
inline_always u64 flags_of_child(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	bool is_thread = task->pid != task->tgid;
	struct task_struct *other = is_thread ? task->group_leader : task->real_parent;
	struct nsproxy *own = task->nsproxy, *its;
	u64 flags = is_thread ? 0x10000 : 0;

	if (!other)
		return flags;
	if (task->mm == other->mm)
		flags |= 0x100;
	if (task->fs == other->fs)
		flags |= 0x200;
	if (task->files == other->files)
		flags |= 0x400;
	if (task->sighand == other->sighand)
		flags |= 0x800;
	its = other->nsproxy;
	if (!own || !its || own == its)
		return flags;
	if (own->mnt_ns != its->mnt_ns)
		flags |= 0x20000;
	if (own->cgroup_ns != its->cgroup_ns)
		flags |= 0x2000000;
	if (own->uts_ns != its->uts_ns)
		flags |= 0x4000000;
	if (own->ipc_ns != its->ipc_ns)
		flags |= 0x8000000;
	if (own->pid_ns_for_children != its->pid_ns_for_children)
		flags |= 0x20000000;
	if (own->net_ns != its->net_ns)
		flags |= 0x40000000;
	return flags;
}

/* clone, fork, vfork, clone3: seen from the caller and from the child. */
inline_always int fill_clone(struct scratch *s)
{
	u64 flags = 0;

	if (!s)
		return 0;
	if (s->type == PPME_SYSCALL_CLONE_20_X)
		flags = s->args[0];
	else if (s->type == PPME_SYSCALL_CLONE3_X && s->ret == 0)
		flags = flags_of_child();
	else if (s->type == PPME_SYSCALL_CLONE3_X)
		bpf_probe_read_user(&flags, sizeof flags, (void *)s->args[0]);
	push_u64(s, s->ret);
	if (s->ret < 0) {
		push_empty(s);
		push_empty(s);
	} else {
		push_program(s);
	}
	push_process(s);
	push_cgroups(s);
	push_birth(s, flags);
	return 0;
}

/* What is the same for an exec that succeeded and one that failed: parameters 3 to 14, 16 to 29. */
inline_always int fill_exec_failed(struct scratch *s)
{
	u32 first;

	if (!s)
		return 0;
	first = s->type == PPME_SYSCALL_EXECVEAT_X ? 2 : 1;
	push_u64(s, s->ret);
	if (s->is_compat) {
		u32 text = 0;

		bpf_probe_read_user(&text, sizeof text, (void *)arg(s, first));
		push_user_text(s, text);
	} else {
		u64 text = 0;

		bpf_probe_read_user(&text, sizeof text, (void *)arg(s, first));
		push_user_text(s, text);
	}
	push_given_vector(s, arg(s, first), 1);
	push_process(s);
	push_cgroups(s);
	push_given_vector(s, arg(s, first + 1), 0);
	push_executable(s);
	if (first == 1)
		push_user_text(s, arg(s, 0));
	return 0;
}

inline_always bool is_clone(u32 type)
{
	return type == PPME_SYSCALL_CLONE_20_X || type == PPME_SYSCALL_CLONE3_X || type == PPME_SYSCALL_FORK_20_X ||
	       type == PPME_SYSCALL_VFORK_20_X;
}

inline_always bool is_exec(u32 type)
{
	return type == PPME_SYSCALL_EXECVE_19_X || type == PPME_SYSCALL_EXECVEAT_X;
}

/*
 * Whether a call of this number is none that is wanted, be the program a 64-bit or a 32-bit one. Most calls are not, and to
 * ask which of the two it is costs them more than all else here.
 */
inline_always bool is_unwanted(u32 own)
{
	u32 nr = own & ~X32_BIT;
	u32 other;

	if (nr >= SYSCALLS)
		return true;
	nr = masked(nr, SYSCALLS - 1);
	if (shared.wanted_call[nr] || nr == IA32_SOCKETCALL)
		return false;
	other = (u16)ia32_syscalls[nr];
	return other >= SYSCALLS || !shared.wanted_call[masked(other, SYSCALLS - 1)];
}

/* The number that a 64-bit program would call it by; NO_CALL where there is none. */
inline_always u32 number_of_call32(struct pt_regs *regs)
{
	u32 nr = regs->orig_ax;

	if (nr == IA32_SOCKETCALL) {
		u32 which = regs->bx;

		return which == 0 || which > 20 ? NO_CALL : socketcalls[which];
	}
	return nr >= SYSCALLS || ia32_syscalls[nr] < 0 ? NO_CALL : ia32_syscalls[nr];
}

/* Every call but the hottest. A function of its own: what that needs of the stack would make each of its calls dearer. */
static noinline int tell_call(struct task_struct *task, struct pt_regs *regs, u32 nr, s64 ret, bool is_compat)
{
	struct scratch *s;
	u32 type;

	if (nr >= SYSCALLS)
		return 0;
	type = syscall_events[nr];
	/* A program that was started is told by its own tracepoint. */
	if (is_exec(type) && ret >= 0)
		return 0;
	s = get_scratch(type);
	if (!s)
		return 0;
	s->ret = ret;
	s->nr = nr;
	s->is_compat = is_compat;
	if (is_compat) {
		u32 own = regs->orig_ax;

		take_arguments32(s, regs);
		if (own == IA32_SOCKETCALL) {
			u32 other = take_socketcall(s);

			if (other)
				type = other;
		}
	} else {
		take_arguments(s, regs);
	}
	if (is_clone(type)) {
		begin_event(s, type, 21, task->pid);
		fill_clone(s);
	} else if (is_exec(type)) {
		begin_event(s, type, type == PPME_SYSCALL_EXECVEAT_X ? 30 : 31, task->pid);
		fill_exec_failed(s);
	} else {
		if (type >= EVENT_TYPES)
			return 0;
		begin_event(s, type, recipes[type].params, task->pid);
		fill_by_recipe(s, type);
	}
	submit_event(s);
	return 0;
}

SEC(TRACEPOINT "sys_exit")
int watch_call(u64 *ctx)
{
	struct pt_regs *regs = REGISTERS(ctx);
	s64 ret = ctx[1];
	struct task_struct *task;
	bool is_compat;
	u32 nr;

	if (is_unwanted(regs->orig_ax))
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	is_compat = (task->thread_info.status & TS_COMPAT) != 0;
	nr = is_compat ? number_of_call32(regs) : regs->orig_ax & ~X32_BIT;
	if (nr >= SYSCALLS)
		return 0;
	nr = masked(nr, SYSCALLS - 1);
	if (!shared.wanted_call[nr] || is_self(task))
		return 0;
	if (ret < 0 && shared.drop_failed)
		return 0;
	if (!is_compat && tell_hot_call(task, regs, nr, ret))
		return 0;
	return tell_call(task, regs, nr, ret, is_compat);
}

SEC(TRACEPOINT "sched_process_exec")
int watch_exec(u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct linux_binprm *binary = (struct linux_binprm *)ctx[2];
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	u32 nr = regs->orig_ax;
	bool is_compat = (task->thread_info.status & TS_COMPAT) != 0;
	bool is_at = is_compat ? nr == 358 : (nr & ~X32_BIT) == 322;
	u32 type = is_at ? PPME_SYSCALL_EXECVEAT_X : PPME_SYSCALL_EXECVE_19_X;
	struct scratch *s;

	if (!shared.wanted_event[type] || is_self(task))
		return 0;
	s = get_scratch(type);
	if (!s)
		return 0;
	begin_event(s, type, is_at ? 30 : 31, task->pid);
	push_u64(s, 0);
	push_program(s);
	push_process(s);
	push_cgroups(s);
	push_environment(s);
	push_executable(s);
	if (!is_at)
		push_kernel_text(s, (u64)BPF_CORE_READ(binary, filename));
	submit_event(s);
	return 0;
}

/* A thread whose children look for another parent: who will it be? 0 where there are none. */
inline_always int reaper_of_children(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct signal_struct *signal = task->signal;
	u64 offset = bpf_core_field_offset(struct task_struct, thread_node);
	struct list_head *head, *node;
	struct task_struct *parent;
	u32 i;

	if (!signal || (u64)task->children.next == (u64)task + bpf_core_field_offset(struct task_struct, children))
		return 0;
	/* Another thread of the same process, if one lives. */
	head = (struct list_head *)((u64)signal + bpf_core_field_offset(struct signal_struct, thread_head));
	node = BPF_CORE_READ(head, next);
	for (i = 0; i < 16 && node && node != head; i++) {
		struct task_struct *other = (struct task_struct *)((u64)node - offset);

		if ((u64)other != (u64)task && !(BPF_CORE_READ(other, flags) & 4)) /* PF_EXITING */
			return BPF_CORE_READ(other, pid);
		node = BPF_CORE_READ(node, next);
	}
	/* The nearest ancestor that asked for it, else the first process of the pid name space. */
	if (BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper)) {
		parent = BPF_CORE_READ(task, real_parent);
		for (i = 0; i < 32 && parent; i++) {
			struct signal_struct *of_parent = BPF_CORE_READ(parent, signal);

			if (BPF_CORE_READ(parent, pid) <= 1)
				break;
			if (BPF_CORE_READ_BITFIELD_PROBED(of_parent, is_child_subreaper))
				return BPF_CORE_READ(parent, tgid);
			parent = BPF_CORE_READ(parent, real_parent);
		}
	}
	return BPF_CORE_READ(space_of(pid_of(task)), child_reaper, pid);
}

SEC(TRACEPOINT "sched_process_exit")
int watch_exit(u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	u32 code = task->exit_code;
	struct scratch *s;

	if (!shared.wanted_event[PPME_PROCEXIT_1_E] || (task->flags & PF_KTHREAD) || is_self(task))
		return 0;
	s = get_scratch(PPME_PROCEXIT_1_E);
	if (!s)
		return 0;
	begin_event(s, PPME_PROCEXIT_1_E, 5, task->pid);
	push_u64(s, (s64)(s32)code);
	push_u64(s, code >> 8 & 0xff);
	push_u8(s, code & 0x7f);
	push_u8(s, (code & 0x80) != 0);
	push_u64(s, (s64)reaper_of_children());
	submit_event(s);
	return 0;
}

#define SIGKILL 9

SEC(TRACEPOINT "signal_deliver")
int watch_signal(u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct kernel_siginfo *info = (struct kernel_siginfo *)ctx[1];
	s32 signal = ctx[0];
	s64 sender = 0;
	struct scratch *s;

	if (!shared.wanted_event[PPME_SIGNALDELIVER_E] || is_self(task))
		return 0;
	s = get_scratch(PPME_SIGNALDELIVER_E);
	if (!s)
		return 0;
	/* Only signals that somebody sent have a sender: those of kill and its like, of queues, and of children. */
	if (info && (u64)info > 1) {
		s32 code = BPF_CORE_READ(info, si_code);

		if (code == 0 || code == -1 || code == -6 || signal == 17)
			sender = BPF_CORE_READ(info, _sifields._kill._pid);
	}
	begin_event(s, PPME_SIGNALDELIVER_E, 3, task->pid);
	push_u64(s, sender);
	push_u64(s, task->pid);
	push_u8(s, signal);
	submit_event(s);
	return 0;
}

/* User space runs this once, to learn the number that the machine has for it: in a pid name space getpid() tells another. */
SEC("raw_tp/peregrine_identify")
int identify(u64 *ctx)
{
	shared.identity = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

/* Helpers that read the kernel's memory are for programs under the GPL as well. */
char programs_license[] SEC("license") = "GPL";
