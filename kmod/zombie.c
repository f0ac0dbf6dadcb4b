// SPDX-License-Identifier: GPL-2.0-only
/* Zombies: members that have exited and were not yet waited for. Their twins are born to exit the same way. */
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include "fault.h"
#include "op.h"
#include "spaces.h"
#include "state.h"
#include "symbols.h"

/*
 * get_signal() of a task in a group that is exiting goes to do_group_exit(), which takes the code from the group: any
 * status, by signal or not, without a single instruction of the program.
 */
static void exit_prepare(struct task_struct *twin, struct task_struct *source)
{
	spin_lock_irq(&twin->sighand->siglock);
	twin->signal->flags |= SIGNAL_GROUP_EXIT;
	twin->signal->group_exit_code = source->signal->flags & SIGNAL_GROUP_EXIT ?
					source->signal->group_exit_code : source->exit_code;
	sigaddset(&twin->pending.signal, SIGKILL);
	set_tsk_thread_flag(twin, TIF_SIGPENDING);
	spin_unlock_irq(&twin->sighand->siglock);
}

static int zombie_clone(struct ptree_member *member)
{
	struct task_struct *source = member_source(member), *twin;
	struct ptree_op *op = member->op;
	pid_t numbers[MAX_PID_NS_LEVEL + 1];
	/* No exit signal: the parent has been told of this death already. kinship.c sets it when the twin is dead. */
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES,
		.set_tid = numbers,
		.set_tid_size = ptree_space_numbers(member->space, source, numbers),
	};
	const struct cred *exact = get_task_cred(source);
	struct ptree_borrow loan;
	int r;

	r = ptree_borrow_begin(&loan, op, exact, NULL, NULL);
	if (r < 0)
		goto out;
	twin = borrowed(copy_process)(NULL, 0, NUMA_NO_NODE, &args);
	r = PTR_ERR_OR_ZERO(twin);
	if (r == 0) {
		get_task_struct(twin);
		WRITE_ONCE(member->threads[0].twin, twin);
		ptree_cred_settle(twin, loan.raised, exact, NULL);
		memcpy(twin->comm, source->comm, sizeof(twin->comm));
		exit_prepare(twin, source);
		borrowed(wake_up_new_task)(twin);
	}
	ptree_borrow_end(&loan);
out:
	put_cred(exact);
	if (r < 0)
		ptree_op_fail(op, source, r, "is a zombie and cannot be duplicated: error %d", r);
	return r;
}

/**
 * ptree_clone_zombies() - give current, a twin's leader, the zombie children of its source
 * @parent: current is its twin
 *
 * Errors: as ptree_clone_threads().
 */
int ptree_clone_zombies(struct ptree_member *parent)
{
	struct ptree_op *op = parent->op;
	struct ptree_member *member;
	int r;

	if (!op->nr_zombies)
		return 0;
	for (member = op->members; member < parent; member++) {
		if (!member->zombie || member->parent != parent)
			continue;
		if (ptree_op_aborted(op))
			return -ECANCELED;
		r = ptree_fault(op, "zombie");
		if (r < 0)
			return r;
		r = zombie_clone(member);
		if (r < 0)
			return r;
	}
	return 0;
}

/**
 * ptree_zombies_settle() - wait until the zombies' twins are dead
 * @op: the op
 *
 * Errors: -ETIMEDOUT.
 */
int ptree_zombies_settle(struct ptree_op *op)
{
	unsigned int i;

	for (i = 0; i < op->nr_members; i++) {
		struct task_struct *twin = member_twin(&op->members[i]);
		struct pid *pid;
		long left;

		if (!op->members[i].zombie)
			continue;
		pid = get_task_pid(twin, PIDTYPE_PID);
		if (!pid)
			continue;
		/* exit_notify() sets the state before it wakes those who poll a pidfd. */
		left = wait_event_timeout(pid->wait_pidfd, READ_ONCE(twin->exit_state), HZ);
		put_pid(pid);
		if (!left)
			return ptree_op_fail(op, member_source(&op->members[i]), -ETIMEDOUT,
					     "is a zombie whose twin does not come to its end");
	}
	return 0;
}
