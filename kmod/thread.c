// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a twin: made by the twin's leader in its own context, because only a group can grow itself. */
#include <linux/sched/signal.h>
#include "fault.h"
#include "op.h"
#include "spaces.h"
#include "state.h"
#include "symbols.h"

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/*
 * ptree_copy_without_filters() - copy_process() without current's seccomp filters
 * The source thread's are counted for the twin afterwards (state.c).
 */
struct task_struct *ptree_copy_without_filters(struct kernel_clone_args *args)
{
	struct seccomp own = current->seccomp;
	struct task_struct *twin;

	memset(&current->seccomp, 0, sizeof(current->seccomp));
	twin = borrowed(copy_process)(NULL, 0, NUMA_NO_NODE, args);
	current->seccomp = own;
	return twin;
}

/* @loan is for the leader's credentials; a thread with others (setresuid() past libc) is made under its own. */
static int thread_clone(struct ptree_member *member, unsigned int t, struct ptree_borrow *loan)
{
	struct task_struct *source = member->threads[t].source, *twin;
	pid_t numbers[MAX_PID_NS_LEVEL + 1];
	struct kernel_clone_args args = {
		.flags = THREAD_FLAGS,
		.set_tid = numbers,
		.set_tid_size = ptree_space_numbers(member->space, source, numbers),
	};
	const struct cred *exact = get_task_cred(source);
	bool shared = exact == rcu_access_pointer(member_source(member)->real_cred);
	struct cred *raised = loan->raised;
	int r = -ENOMEM;

	if (!shared)
		raised = ptree_cred_raise(exact);
	if (!raised)
		goto out;
	rcu_assign_pointer(current->cred, raised);
	twin = ptree_copy_without_filters(&args);
	rcu_assign_pointer(current->cred, loan->raised);

	r = PTR_ERR_OR_ZERO(twin);
	if (r == 0) {
		get_task_struct(twin);
		WRITE_ONCE(member->threads[t].twin, twin);
		ptree_cred_settle(twin, raised, exact, shared ? current_real_cred() : NULL);
		r = ptree_state_copy_thread(twin, source);
		if (r == 0 && member->threads[t].awaits)
			ptree_vfork_return(twin, &member->threads[t]);
		if (r < 0)
			send_sig(SIGKILL, twin, 1);
		borrowed(wake_up_new_task)(twin);
	}
	if (!shared)
		put_cred(raised);
out:
	put_cred(exact);
	return r;
}

/*
 * One of the threads has made current, which needs its state too: its signal mask is its own again when it has done that, and
 * its registers are all in its task_struct when it has been switched out once more.
 */
static void carrier_await(struct ptree_member *member)
{
	wait_for_completion(&member->worker_done);
#ifdef CONFIG_SMP
	/* A source that was thawed meanwhile may run for as long as it likes. */
	while (smp_load_acquire(&member_carrier(member)->on_cpu) && !ptree_op_aborted(member->op))
		cond_resched();
#endif
}

/**
 * ptree_clone_threads() - give current, a twin's leader, the threads of its source
 * @member: current is its twin
 *
 * Errors: -ENOMEM, -EAGAIN a limit, -EEXIST, -ESRCH, -EINTR current was killed; the sentence is noted.
 */
int ptree_clone_threads(struct ptree_member *member)
{
	struct ptree_op *op = member->op;
	struct ptree_borrow loan;
	unsigned int t;
	int r;

	if (member->nr_threads == 1)
		return 0;
	if (member->carrier && !member->maker)
		carrier_await(member);
	r = ptree_borrow_begin(&loan, op, current_real_cred(), NULL, NULL);
	if (r < 0)
		return ptree_op_fail(op, member_source(member), r, "cannot be duplicated: out of memory");
	for (t = 1; t < member->nr_threads && r == 0; t++) {
		if (ptree_op_aborted(op)) {
			r = -ECANCELED;
			break;
		}
		r = ptree_fault(op, "thread");
		if (r == 0)
			r = thread_clone(member, t, &loan);
		if (r < 0)
			ptree_op_fail(op, member_source(member), r, "has a thread %d that cannot be duplicated: error %d",
				      member->threads[t].nr, r);
		cond_resched();
	}
	ptree_borrow_end(&loan);
	return r;
}
