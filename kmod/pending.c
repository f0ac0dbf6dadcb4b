// SPDX-License-Identifier: GPL-2.0-only
/* Pending signals: each with its siginfo, for the thread or for the process, in the order in which they came. */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "op.h"
#include "state.h"
#include "symbols.h"

struct taken {
	kernel_siginfo_t *infos;
	unsigned int nr, size;
};

/* What was sent when no memory was to be had is a bit without an entry, and arrives as collect_signal() makes it up. */
static void bare_take(struct taken *taken, sigset_t *bare)
{
	int sig;

	for (sig = 1; sig < _NSIG; sig++) {
		if (!sigismember(bare, sig))
			continue;
		if (taken->nr < taken->size) {
			clear_siginfo(&taken->infos[taken->nr]);
			taken->infos[taken->nr].si_signo = sig;
			taken->infos[taken->nr].si_code = SI_USER;
		}
		taken->nr++;
	}
}

/* With siglock held. Counts on where there is no room. */
static void pending_take(struct taken *taken, const struct sigpending *pending)
{
	sigset_t bare = pending->signal;
	const struct sigqueue *q;

	taken->nr = 0;
	sigdelset(&bare, SIGKILL);
	list_for_each_entry(q, &pending->list, list) {
		if (taken->nr < taken->size)
			copy_siginfo(&taken->infos[taken->nr], &q->info);
		sigdelset(&bare, q->info.si_signo);
		taken->nr++;
	}
	bare_take(taken, &bare);
}

static int signals_take(struct taken *taken, struct task_struct *source, bool process)
{
	struct sighand_struct *sighand;
	unsigned long flags;

	for (;;) {
		sighand = compat_lock_task_sighand(source, &flags);
		if (!sighand) {
			taken->nr = 0;
			return 0;
		}
		pending_take(taken, process ? &source->signal->shared_pending : &source->pending);
		unlock_task_sighand(source, &flags);
		if (taken->nr <= taken->size)
			return 0;

		kvfree(taken->infos);
		taken->size = taken->nr + 16;
		taken->infos = kvmalloc_array(taken->size, sizeof(*taken->infos), GFP_KERNEL_ACCOUNT);
		if (!taken->infos) {
			taken->size = 0;
			return -ENOMEM;
		}
	}
}

/*
 * send_signal_locked() keeps si_pid and si_uid as they are, for current is in the twin's namespaces: the numbers mean
 * the same there. Read in kernel/signal.c of v6.1, v6.12, v7.2.
 */
static int signals_give(struct taken *taken, struct task_struct *twin, bool process)
{
	unsigned long flags;
	unsigned int i;
	int r = 0;

	for (i = 0; i < taken->nr && r == 0; i++) {
		kernel_siginfo_t *info = &taken->infos[i];

		if (!compat_lock_task_sighand(twin, &flags))
			return -ESRCH;
		r = borrowed(send_signal_locked)(info->si_signo, info, twin, process ? PIDTYPE_TGID : PIDTYPE_PID);
		unlock_task_sighand(twin, &flags);
	}
	return r;
}

/**
 * ptree_pending_copy() - give current, a twin's leader, and its threads the signals that their sources have not yet got
 * @member: current is its twin, with all its threads
 *
 * A timer's signal arrives, but does not set the timer off again. Errors: -ENOMEM; -EAGAIN RLIMIT_SIGPENDING; -ESRCH a
 * twin was killed. The sentence is noted.
 */
int ptree_pending_copy(struct ptree_member *member)
{
	struct taken taken = { };
	unsigned int t;
	int r;

	r = signals_take(&taken, member_source(member), true);
	if (r == 0)
		r = signals_give(&taken, current, true);
	for (t = 0; t < member->nr_threads && r == 0; t++) {
		r = signals_take(&taken, member->threads[t].source, false);
		if (r == 0)
			r = signals_give(&taken, member->threads[t].twin, false);
	}
	kvfree(taken.infos);
	if (r < 0)
		return ptree_op_fail(member->op, member_source(member), r, "has pending signals that cannot be duplicated: %s",
				     r == -EAGAIN ? "RLIMIT_SIGPENDING is reached" : "no memory, or it was killed");
	return 0;
}
