// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is still to come: pending signals, each with its siginfo, for the thread or for the process, in the order in which
 * they came; and the timers that will send some.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "op.h"
#include "pending.h"
#include "state.h"
#include "symbols.h"

static int timer_of(const struct ptree_taken *taken, const struct sigqueue *q)
{
	unsigned int i;

	for (i = 0; i < min(taken->nr_timers, taken->size_timers); i++)
		if (taken->timers[i].sigq == q)
			return (int)i;
	return -1;
}

/* Counts on where there is no room. */
static struct ptree_taken_signal *signal_add(struct ptree_taken *taken, int thread, int timer)
{
	struct ptree_taken_signal *signal = NULL;

	if (taken->nr_signals < taken->size_signals) {
		signal = &taken->signals[taken->nr_signals];
		signal->thread = thread;
		signal->timer = timer;
	}
	taken->nr_signals++;
	return signal;
}

/* What was sent when no memory was to be had is a bit without an entry, and arrives as collect_signal() makes it up. */
static void bare_take(struct ptree_taken *taken, sigset_t *bare, int thread)
{
	int sig;

	for (sig = 1; sig < _NSIG; sig++) {
		struct ptree_taken_signal *signal;

		if (!sigismember(bare, sig))
			continue;
		signal = signal_add(taken, thread, -1);
		if (!signal)
			continue;
		clear_siginfo(&signal->info);
		signal->info.si_signo = sig;
		signal->info.si_code = SI_USER;
	}
}

static void pending_take(struct ptree_taken *taken, const struct sigpending *pending, int thread)
{
	sigset_t bare = pending->signal;
	const struct sigqueue *q;

	sigdelset(&bare, SIGKILL);
	list_for_each_entry(q, &pending->list, list) {
		int timer = q->flags & SIGQUEUE_PREALLOC ? timer_of(taken, q) : -1;
		struct ptree_taken_signal *signal;

		sigdelset(&bare, q->info.si_signo);
		/* A timer's signal from before it was set anew or deleted: some kernels drop it at its delivery. */
		if (q->flags & SIGQUEUE_PREALLOC && taken->nr_timers <= taken->size_timers &&
		    (timer < 0 || !taken->timers[timer].queued))
			continue;
		signal = signal_add(taken, thread, timer);
		if (signal)
			copy_siginfo(&signal->info, &q->info);
	}
	bare_take(taken, &bare, thread);
}

/* With the handlers' lock held, which threads that have exited have lost. */
static int everything_take(struct ptree_taken *taken, struct ptree_member *member)
{
	struct task_struct *leader = member_source(member);
	struct sighand_struct *sighand = rcu_access_pointer(leader->sighand);
	unsigned int t;
	int r;

	r = ptree_timers_take(taken, member);
	if (r < 0)
		return r;
	ptree_itimers_take(&taken->itimers, leader);
	taken->nr_signals = 0;
	pending_take(taken, &leader->signal->shared_pending, -1);
	for (t = 0; t < member->nr_threads; t++)
		if (rcu_access_pointer(member->threads[t].source->sighand) == sighand)
			pending_take(taken, &member->threads[t].source->pending, (int)t);
	return 0;
}

/* Room for all that was counted, and some more: until it is there others may come. */
static int room_make(struct ptree_taken *taken)
{
	if (taken->nr_signals > taken->size_signals) {
		kvfree(taken->signals);
		taken->size_signals = taken->nr_signals + 16;
		taken->signals = kvmalloc_array(taken->size_signals, sizeof(*taken->signals), GFP_KERNEL_ACCOUNT);
		if (!taken->signals) {
			taken->size_signals = 0;
			return -ENOMEM;
		}
	}
	if (taken->nr_timers > taken->size_timers) {
		unsigned int size = taken->nr_timers + 4;

		ptree_timers_forget(taken);
		kvfree(taken->timers);
		taken->size_timers = size;
		taken->timers = kvmalloc_array(size, sizeof(*taken->timers), GFP_KERNEL_ACCOUNT);
		if (!taken->timers) {
			taken->size_timers = 0;
			return -ENOMEM;
		}
	}
	return 0;
}

/* -ESRCH: the source was killed; the sentence is noted only with -EOPNOTSUPP. */
static int taken_take(struct ptree_taken *taken, struct ptree_member *member)
{
	struct task_struct *source = member_source(member);
	unsigned long flags;
	int r;

	for (;;) {
		ptree_timers_forget(taken);
		if (!compat_lock_task_sighand(source, &flags))
			return -ESRCH;
		r = everything_take(taken, member);
		unlock_task_sighand(source, &flags);
		if (r == -EAGAIN) {
			cpu_relax();
			continue;
		}
		if (r < 0)
			return r;
		if (taken->nr_signals <= taken->size_signals && taken->nr_timers <= taken->size_timers)
			return 0;
		r = room_make(taken);
		if (r < 0)
			return r;
	}
}

/*
 * send_signal_locked() keeps si_pid and si_uid as they are, for current is in the twin's namespaces: the numbers mean
 * the same there. Read in kernel/signal.c of v6.1, v6.12, v7.2.
 */
static int signal_send(struct ptree_taken_signal *signal, struct task_struct *twin)
{
	unsigned long flags;
	int r;

	if (!compat_lock_task_sighand(twin, &flags))
		return -ESRCH;
	r = borrowed(send_signal_locked)(signal->info.si_signo, &signal->info, twin,
					 signal->thread < 0 ? PIDTYPE_TGID : PIDTYPE_PID);
	unlock_task_sighand(twin, &flags);
	return r;
}

static int signals_give(struct ptree_taken *taken, struct ptree_member *member)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < taken->nr_signals && r == 0; i++) {
		struct ptree_taken_signal *signal = &taken->signals[i];

		if (signal->timer >= 0)
			r = ptree_timer_go_off(taken, &taken->timers[signal->timer]);
		else
			r = signal_send(signal, signal->thread < 0 ? current : member->threads[signal->thread].twin);
	}
	return r;
}

static int taken_give(struct ptree_taken *taken, struct ptree_member *member)
{
	int r;

	r = ptree_timers_create(taken, member);
	if (r < 0)
		return r;
	r = signals_give(taken, member);
	if (r == 0)
		r = ptree_timers_arm(taken);
	if (r < 0)
		return r;
	spin_lock_irq(&current->sighand->siglock);
	ptree_itimers_give(&taken->itimers, current);
	spin_unlock_irq(&current->sighand->siglock);
	return 0;
}

/**
 * ptree_pending_copy() - give current, a twin's leader, and its threads the signals that their sources have not yet got,
 * and the process its timers
 * @member: current is its twin, with all its threads
 *
 * Errors: -ENOMEM; -EAGAIN RLIMIT_SIGPENDING; -ESRCH source or twin was killed; -EOPNOTSUPP a timer that has no
 * counterpart. The sentence is noted.
 */
int ptree_pending_copy(struct ptree_member *member)
{
	struct ptree_taken taken = { };
	int r;

	r = taken_take(&taken, member);
	if (r == 0)
		r = taken_give(&taken, member);
	ptree_timers_done(&taken);
	kvfree(taken.signals);
	if (r < 0)
		/* The first sentence stands: timers have one of their own. */
		return ptree_op_fail(member->op, member_source(member), r, "has pending signals that cannot be duplicated: %s",
				     r == -EAGAIN ? "RLIMIT_SIGPENDING is reached" : "no memory, or it was killed");
	return 0;
}
