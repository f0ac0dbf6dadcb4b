// SPDX-License-Identifier: GPL-2.0-only
/* State of a thread that copy_process() resets, or takes from the wrong thread. Registers are arch/'s task. */
#include <linux/iocontext.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/tty.h>
#include <uapi/linux/sched/types.h>
#include "state.h"
#include "symbols.h"

/* What copy_process() resets in every child, although it lies in user memory that the twin has too. */
static void copy_user_pointers(struct task_struct *twin, const struct task_struct *source)
{
	compat_copy_robust_lists(twin, source);
	twin->clear_child_tid = source->clear_child_tid;
	twin->sas_ss_sp = source->sas_ss_sp;
	twin->sas_ss_size = source->sas_ss_size;
	twin->sas_ss_flags = source->sas_ss_flags;
}

static void copy_prctl(struct task_struct *twin, const struct task_struct *source)
{
	twin->pdeath_signal = source->pdeath_signal;
	twin->timer_slack_ns = source->timer_slack_ns;
	twin->default_timer_slack_ns = source->default_timer_slack_ns;
}

/*
 * Seccomp filters of a thread may be others than its leader's. @twin has none: copy_process() was called without. A
 * thread that is killed gives its own back after it has lost its signal handlers, under tasklist_lock (6.1), or after
 * it has set PF_EXITING, under the handlers' lock (6.12, 7.2): seen alive under both, its filters are.
 */
static int copy_filters(struct task_struct *twin, struct task_struct *source)
{
	struct sighand_struct *sighand;
	int r = -ESRCH;

	read_lock(ptree_tasklist_lock);
	sighand = rcu_access_pointer(source->sighand);
	if (sighand) {
		spin_lock_irq(&sighand->siglock);
		if (!(source->flags & PF_EXITING)) {
			borrowed(get_seccomp_filter)(source);
			twin->seccomp = source->seccomp;
			r = 0;
		}
		spin_unlock_irq(&sighand->siglock);
	}
	read_unlock(ptree_tasklist_lock);
	if (r < 0)
		return r;
	if (twin->seccomp.mode)
		set_task_syscall_work(twin, SECCOMP);
	else
		clear_task_syscall_work(twin, SECCOMP);
	return 0;
}

/* copy_io() gives a thread its leader's. The twin has its source's uid, and so may current set it. */
static void copy_ioprio(struct task_struct *twin, struct task_struct *source)
{
	int wanted = 0, now;

	task_lock(source);
	if (source->io_context)
		wanted = source->io_context->ioprio;
	task_unlock(source);
	now = twin->io_context ? twin->io_context->ioprio : 0;
	if (now != wanted)
		set_task_ioprio(twin, wanted);
}

/* Policy, priority, nice and affinity where they differ: sched_fork() gives a child its maker's. May sleep. */
static void copy_scheduling(struct task_struct *twin, struct task_struct *source)
{
	if (twin->policy != source->policy || twin->rt_priority != source->rt_priority ||
	    twin->static_prio != source->static_prio || twin->sched_reset_on_fork != source->sched_reset_on_fork) {
		struct sched_attr attr = {
			.size = sizeof(attr),
			.sched_policy = source->policy,
			.sched_priority = source->rt_priority,
			.sched_nice = PRIO_TO_NICE(source->static_prio),
			.sched_flags = source->sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
		};

		sched_setattr_nocheck(twin, &attr);
	}
	if (!cpumask_equal(&twin->cpus_mask, &source->cpus_mask))
		set_cpus_allowed_ptr(twin, &source->cpus_mask);
}

/* Where a thread's memory is to come from, set_mempolicy(): copy_process() gives a thread its leader's. May sleep. */
static int copy_memory_policy(struct task_struct *twin, struct task_struct *source)
{
#ifdef CONFIG_NUMA
	struct mempolicy *policy, *copy = NULL;

	task_lock(source);
	policy = source->mempolicy;
	mpol_get(policy);
	task_unlock(source);
	if (policy) {
		copy = borrowed(__mpol_dup)(policy);
		compat_mpol_put(policy);
		if (IS_ERR(copy))
			return PTR_ERR(copy);
	}
	/* It has never run: nobody else looks. */
	policy = twin->mempolicy;
	twin->mempolicy = copy;
	twin->il_prev = source->il_prev;
	if (policy)
		compat_mpol_put(policy);
#endif
	return 0;
}

/**
 * ptree_state_copy_leader() - the rest of current's state, for the twin that copy_process() has made of it
 * @twin: the twin
 * @loan: holds current's real signal mask
 *
 * The twin has never run; nobody else can see it change.
 */
void ptree_state_copy_leader(struct task_struct *twin, const struct ptree_borrow *loan)
{
	ptree_arch_copy_leader(twin);
	copy_user_pointers(twin, current);
	copy_prctl(twin, current);
	copy_scheduling(twin, current);
	twin->blocked = loan->blocked;
	twin->signal->is_child_subreaper = current->signal->is_child_subreaper;

	spin_lock_irq(&twin->sighand->siglock);
	/* Signals that were sent to the source's whole group during the fork are not the twin's. */
	sigemptyset(&twin->signal->shared_pending.signal);
	spin_unlock_irq(&twin->sighand->siglock);
}

/**
 * ptree_state_copy_thread() - all state of a thread for its twin
 * @twin: made by copy_process() out of its own leader without seccomp filters, has never run
 * @source: frozen and switched out
 *
 * Errors: -EOPNOTSUPP the two have different processor state components; -ESRCH the source was killed; -ENOMEM.
 */
int ptree_state_copy_thread(struct task_struct *twin, struct task_struct *source)
{
	int r;

	r = copy_filters(twin, source);
	if (r < 0)
		return r;
	/* A thread that is killed loses its stack, and the registers on it, before its task. */
	if (!try_get_task_stack(source))
		return -ESRCH;
	r = ptree_arch_copy_thread(twin, source);
	borrowed(put_task_stack)(source);
	if (r < 0)
		return r;
	copy_user_pointers(twin, source);
	copy_prctl(twin, source);
	compat_copy_rseq(twin, source);
	twin->restart_block = source->restart_block;
	twin->blocked = source->blocked;
	twin->real_blocked = source->real_blocked;
	twin->saved_sigmask = source->saved_sigmask;
	twin->restore_sigmask = source->restore_sigmask;
	twin->atomic_flags = source->atomic_flags;
	twin->personality = source->personality;
	memcpy(twin->comm, source->comm, sizeof(twin->comm));
	copy_scheduling(twin, source);
	copy_ioprio(twin, source);
	return copy_memory_policy(twin, source);
}

/**
 * ptree_state_copy_headless() - for the twin of a leader that has exited what is left of it
 * @twin: made by copy_process() in the context of another thread, has never run, and will exit before it is in user mode
 * @source: the leader
 */
void ptree_state_copy_headless(struct task_struct *twin, struct task_struct *source)
{
	memcpy(twin->comm, source->comm, sizeof(twin->comm));
	copy_user_pointers(twin, source);
	twin->signal->is_child_subreaper = source->signal->is_child_subreaper;
}

/**
 * ptree_state_copy_process() - what of a process is not its leader's alone, for a twin that another task has made
 * @twin: made by copy_process() in the context of @member's worker, has never run
 * @member: its source is frozen
 *
 * Limits and the like have been lent to the maker. Errors: -ESRCH the source was killed.
 */
int ptree_state_copy_process(struct task_struct *twin, const struct ptree_member *member)
{
	struct task_struct *source = member_source(member);
	unsigned long flags;

	/* Another thread of the same process has the same. */
	if (current->signal == source->signal) {
		twin->signal->is_child_subreaper = source->signal->is_child_subreaper;
		return 0;
	}
	twin->self_exec_id = source->self_exec_id;
#ifdef CONFIG_AUDIT
	twin->loginuid = source->loginuid;
	twin->sessionid = source->sessionid;
#endif
	/* Nobody looks at the handlers of a twin that has never run: one lock is enough. */
	if (!compat_lock_task_sighand(source, &flags))
		return -ESRCH;
	if (!member->shares_handlers)
		memcpy(twin->sighand->action, source->sighand->action, sizeof(twin->sighand->action));
	twin->signal->is_child_subreaper = source->signal->is_child_subreaper;
	twin->signal->has_child_subreaper = source->signal->has_child_subreaper;
	twin->signal->tty = tty_kref_get(source->signal->tty);
	unlock_task_sighand(source, &flags);
	return 0;
}
