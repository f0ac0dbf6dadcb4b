// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a twin: made by the twin's leader in its own context, because only a group can grow itself. */
#include <linux/sched/signal.h>
#include "fault.h"
#include "op.h"
#include "state.h"
#include "symbols.h"

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/*
 * copy_process() gives the child current's filters. Threads may have more or fewer than their leader, so current has
 * the source thread's for the time of the call; the source is frozen and holds its reference.
 */
static struct task_struct *copy_with_filters(struct task_struct *source, struct kernel_clone_args *args)
{
	struct seccomp own = current->seccomp;
	struct task_struct *twin;

	current->seccomp = source->seccomp;
	twin = borrowed(copy_process)(NULL, 0, NUMA_NO_NODE, args);
	current->seccomp = own;
	if (!IS_ERR(twin) && !source->seccomp.mode)
		clear_task_syscall_work(twin, SECCOMP);
	return twin;
}

static int thread_clone(struct ptree_member *member, unsigned int t)
{
	struct task_struct *source = member->threads[t].source, *leader = member_source(member), *twin;
	struct ptree_op *op = member->op;
	pid_t nr = task_pid_nr_ns(source, op->source_ns);
	struct kernel_clone_args args = { .flags = THREAD_FLAGS, .set_tid = &nr, .set_tid_size = 1 };
	const struct cred *exact = get_task_cred(source);
	bool shared = exact == rcu_access_pointer(leader->real_cred);
	struct ptree_borrow loan;
	int r;

	r = ptree_borrow_begin(&loan, op, shared ? current_real_cred() : exact, false);
	if (r < 0)
		goto out;
	twin = copy_with_filters(source, &args);
	r = PTR_ERR_OR_ZERO(twin);
	if (r == 0) {
		get_task_struct(twin);
		WRITE_ONCE(member->threads[t].twin, twin);
		ptree_cred_settle(twin, loan.raised, exact, shared ? current_real_cred() : NULL);
		r = ptree_state_copy_thread(twin, source);
		if (r < 0)
			send_sig(SIGKILL, twin, 1);
		borrowed(wake_up_new_task)(twin);
	}
	ptree_borrow_end(&loan);
out:
	put_cred(exact);
	if (r < 0)
		ptree_op_fail(op, source, r, "thread %d cannot be duplicated: error %d",
			      task_pid_nr_ns(source, op->owner_ns), r);
	return r;
}

/**
 * ptree_clone_threads() - give current, a twin's leader, the threads of its source
 * @member: current is its twin
 *
 * Errors: -ENOMEM, -EAGAIN a limit, -EEXIST, -EINTR current was killed; the sentence is noted.
 */
int ptree_clone_threads(struct ptree_member *member)
{
	struct ptree_op *op = member->op;
	unsigned int t;
	int r;

	for (t = 1; t < member->nr_threads; t++) {
		if (ptree_op_aborted(op))
			return -ECANCELED;
		r = ptree_fault(op, "thread");
		if (r < 0)
			return r;
		r = thread_clone(member, t);
		if (r < 0)
			return r;
		cond_resched();
	}
	return 0;
}
