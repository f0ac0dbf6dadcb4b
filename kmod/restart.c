// SPDX-License-Identifier: GPL-2.0-only
/* System calls that the freezer interrupted with EINTR although nothing happened: made to restart, in both. */
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <uapi/linux/io_uring.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#include "state.h"
#include "symbols.h"

/*
 * These return EINTR on any wake-up by the freezer (signal(7), "Interruption of system calls and library functions by
 * stop signals"), where a caller that waits for ever and gets no signal expects to be left waiting. With a timeout the
 * time that is left is unknown here, and EINTR stands.
 */
static bool waits_for_ever(struct task_struct *source, struct pt_regs *regs)
{
	unsigned long args[6];

	syscall_get_arguments(source, regs, args);
	switch (regs->orig_ax) {
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
		return (int)args[3] < 0;
	case __NR_epoll_pwait2:
	case __NR_semtimedop:
		return !args[3];
	case __NR_semop:
		return true;
	case __NR_rt_sigtimedwait:
		return !args[2];
	case __NR_io_uring_enter:
		/* Where it has submitted something it says how much. */
		return !((unsigned int)args[3] & IORING_ENTER_EXT_ARG);
	}
	return false;
}

/**
 * ptree_restart_prepare() - let an interrupted system call of a frozen thread restart instead of failing
 * @source: the thread
 *
 * -ERESTARTNOHAND is what these calls would return if they were written today: EINTR if a handler runs, else a restart
 * (arch_do_signal_or_restart(), arch/x86/kernel/signal.c). Called before the registers are copied, so that the twin
 * has it too.
 */
void ptree_restart_prepare(struct task_struct *source)
{
	struct pt_regs *regs;

	/* The numbers above are x86-64's own. */
	if (source->thread_info.status & TS_COMPAT)
		return;
	if (!try_get_task_stack(source))
		return;
	regs = task_pt_regs(source);
	if (regs->ax == (unsigned long)-EINTR && (long)regs->orig_ax >= 0 && waits_for_ever(source, regs))
		regs->ax = (unsigned long)-ERESTARTNOHAND;
	borrowed(put_task_stack)(source);
}
