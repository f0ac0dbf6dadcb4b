// SPDX-License-Identifier: GPL-2.0-only
/*
 * The three interval timers of a process (setitimer(), alarm()). Their signals are ordinary ones. In the twin the timer of
 * the wall clock goes off at the very same time as in the source; those of CPU time after as much of it as was left,
 * for the twin's CPU time begins at zero.
 */
#include <linux/hrtimer.h>
#include <linux/sched/cputime.h>
#include "pending.h"
#include "symbols.h"

/* Mirrors get_cpu_itimer() (kernel/time/itimer.c) without its rounding to ticks; read in v6.1, v6.12, v7.2. */
static u64 cpu_left(u64 expires, u64 now)
{
	if (!expires)
		return 0;
	return expires > now ? expires - now : 1;
}

void ptree_itimers_take(struct ptree_taken_itimers *taken, struct task_struct *source)
{
	struct signal_struct *signal = source->signal;
	struct task_cputime now = { };

	/* Active is also who has just gone off and has not come to send its signal: in the twin it goes off at once. */
	taken->real_armed = hrtimer_active(&signal->real_timer);
	taken->real_expires = hrtimer_get_expires(&signal->real_timer);
	taken->real_interval = signal->it_real_incr;
	if (signal->it[CPUCLOCK_PROF].expires || signal->it[CPUCLOCK_VIRT].expires)
		borrowed(thread_group_cputime)(source, &now);
	taken->cpu[CPUCLOCK_PROF].left_ns = cpu_left(signal->it[CPUCLOCK_PROF].expires, now.utime + now.stime);
	taken->cpu[CPUCLOCK_VIRT].left_ns = cpu_left(signal->it[CPUCLOCK_VIRT].expires, now.utime);
	taken->cpu[CPUCLOCK_PROF].interval_ns = signal->it[CPUCLOCK_PROF].incr;
	taken->cpu[CPUCLOCK_VIRT].interval_ns = signal->it[CPUCLOCK_VIRT].incr;
}

/* Mirrors do_setitimer() and set_cpu_itimer(). A periodic one whose signal waits goes on from its last time. */
void ptree_itimers_give(const struct ptree_taken_itimers *taken, struct task_struct *twin)
{
	struct signal_struct *signal = twin->signal;
	unsigned int i;

	signal->it_real_incr = taken->real_interval;
	if (taken->real_armed)
		hrtimer_start(&signal->real_timer, taken->real_expires, HRTIMER_MODE_ABS);
	else
		hrtimer_set_expires(&signal->real_timer, taken->real_expires);

	for (i = 0; i < ARRAY_SIZE(taken->cpu); i++) {
		u64 new = taken->cpu[i].left_ns, old = 0;

		signal->it[i].incr = taken->cpu[i].interval_ns;
		if (!new)
			continue;
		borrowed(set_process_cpu_timer)(twin, i, &new, &old);
		signal->it[i].expires = new;
	}
}
