// SPDX-License-Identifier: GPL-2.0-only
/*
 * Group stops (SIGSTOP, Ctrl-Z). A stopped task runs no task work. So it is taken out of its stop, into the freezer's trap,
 * for as long as it works for us, and put back; SIGNAL_STOP_STOPPED stays set all the while, which is what its parent's
 * wait() looks at, and what keeps the second stop from being told to anybody (task_participate_group_stop() in
 * kernel/signal.c, read in v6.1, v6.12, v7.2: without JOBCTL_STOP_CONSUME nothing is counted and nobody notified).
 */
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include "op.h"
#include "state.h"
#include "symbols.h"

/* ptree_stop_signal() - the signal by which a task was stopped; 0: it is not. */
int ptree_stop_signal(struct task_struct *task)
{
	unsigned long jobctl = READ_ONCE(task->jobctl);

	if (!(jobctl & JOBCTL_STOPPED))
		return 0;
	return jobctl & JOBCTL_STOP_SIGMASK ?: SIGSTOP;
}

/* ptree_stop_suspend() - let a stopped task that has task work queued come to it. Pair with ptree_stop_again(). */
void ptree_stop_suspend(struct task_struct *task)
{
	unsigned long flags;

	if (!compat_lock_task_sighand(task, &flags))
		return;
	if (task->jobctl & JOBCTL_STOPPED) {
		task->jobctl &= ~JOBCTL_STOPPED;
		borrowed(signal_wake_up_state)(task, __TASK_STOPPED);
	}
	unlock_task_sighand(task, &flags);
}

/* With siglock held. From the freezer's trap, or whatever it is in, the task goes into its stop before it can run. */
static void stop_quietly(struct task_struct *task, int signal)
{
	if (task->jobctl & (JOBCTL_STOPPED | JOBCTL_STOP_PENDING) || task->flags & PF_EXITING)
		return;
	task->jobctl &= ~JOBCTL_STOP_SIGMASK;
	task->jobctl |= signal | JOBCTL_STOP_PENDING;
	borrowed(signal_wake_up_state)(task, TASK_INTERRUPTIBLE);
}

/* ptree_stop_again() - put a task back into its stop, unless a SIGCONT or its death came meanwhile. Any context. */
void ptree_stop_again(struct task_struct *task, int signal)
{
	unsigned long flags;

	if (!signal || !compat_lock_task_sighand(task, &flags))
		return;
	if (task->signal->flags & SIGNAL_STOP_STOPPED && !(task->signal->flags & SIGNAL_GROUP_EXIT))
		stop_quietly(task, signal);
	unlock_task_sighand(task, &flags);
}

static void twin_stop(struct ptree_member *member)
{
	struct task_struct *twin = member_twin(member);
	unsigned long flags;
	unsigned int t;

	if (!compat_lock_task_sighand(twin, &flags))
		return;
	if (!(twin->signal->flags & SIGNAL_GROUP_EXIT)) {
		twin->signal->flags = (twin->signal->flags & ~SIGNAL_STOP_MASK) | SIGNAL_STOP_STOPPED;
		twin->signal->group_exit_code = member->stop_code;
		for (t = 0; t < member->nr_threads; t++)
			stop_quietly(member->threads[t].twin, member->stop_signal);
	}
	unlock_task_sighand(twin, &flags);
}

/* ptree_stop_twins() - the twins of stopped members are stopped as well: before they may run, when nothing wants them any more. */
void ptree_stop_twins(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_members; i++)
		if (op->members[i].stop_signal && !op->members[i].zombie)
			twin_stop(&op->members[i]);
}
