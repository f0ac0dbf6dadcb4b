/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process still has to expect: signals that nobody has got yet, and timers. All of it is taken at one moment,
 * under the handlers' lock: a timer that goes off meanwhile is either still running or its signal is there, never both.
 */
#ifndef PTREE_PENDING_H
#define PTREE_PENDING_H

#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include "op.h"

struct ptree_taken_signal {
	kernel_siginfo_t info;
	int thread;			/* whose: an index into the member's threads; -1: the process's */
	int timer;			/* index of the timer that sent it; -1: it is no timer's */
};

enum ptree_timer_state {
	PTREE_TIMER_IDLE,
	PTREE_TIMER_ARMED,
	PTREE_TIMER_GONE_OFF,		/* periodic: goes on when its signal has been got */
};

struct ptree_taken_timer {
	const struct sigqueue *sigq;	/* the source's, only to be compared */
	timer_t id;
	clockid_t clock;
	clockid_t made_with;		/* the clock by which the twin finds the thread that is meant */
	int notify, signo;
	sigval_t value;
	pid_t target;			/* thread, in the source's pid namespace; 0: the process */
	struct pid *lost_target;	/* counted: a thread that is no more; NULL: it lives */
	struct pid *lost_clock;		/* counted: the same for a CPU-time clock */
	enum ptree_timer_state state;
	bool queued;			/* its signal is among the signals */
	bool absolute;			/* moves with the clock when that is set */
	u64 interval_ns;
	u64 left_ns;			/* absolute: the time it goes off */
	s64 overrun, overrun_last;
	struct k_itimer *twin;
};

struct ptree_taken_itimers {
	ktime_t real_expires, real_interval;
	bool real_armed;
	struct { u64 left_ns, interval_ns; } cpu[2];	/* CPUCLOCK_PROF, CPUCLOCK_VIRT; left 0: not armed */
};

struct ptree_taken {
	struct ptree_taken_signal *signals;	/* kvmalloc'ed */
	unsigned int nr_signals, size_signals;
	struct ptree_taken_timer *timers;	/* kvmalloc'ed; the one that was made last comes first */
	unsigned int nr_timers, size_timers;
	int next_timer_id;
	bool restore_ids;			/* PR_TIMER_CREATE_RESTORE_IDS */
	struct ptree_taken_itimers itimers;
	unsigned long scratch;			/* user memory for system calls; 0: none */
};

/* timers.c. _take() with the handlers' lock of the source held: -EAGAIN: again, from the start; -EOPNOTSUPP. */
int ptree_timers_take(struct ptree_taken *taken, struct ptree_member *member);
void ptree_timers_forget(struct ptree_taken *taken);
int ptree_timers_create(struct ptree_taken *taken, struct ptree_member *member);
int ptree_timer_go_off(struct ptree_taken *taken, struct ptree_taken_timer *timer);
int ptree_timers_arm(struct ptree_taken *taken);
void ptree_timers_done(struct ptree_taken *taken);

/* itimers.c. Both with the handlers' lock held: the source's, and the twin's. */
void ptree_itimers_take(struct ptree_taken_itimers *taken, struct task_struct *source);
void ptree_itimers_give(const struct ptree_taken_itimers *taken, struct task_struct *twin);

#endif
