// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX timers: the twin makes its own by system calls, in its own context, and what these cannot say is put right in the
 * timer itself. Arming takes place when the twin is made; from then on time passes for both sides alike.
 */
#include <linux/alarmtimer.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/cputime.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>
#include "pending.h"
#include "state.h"
#include "symbols.h"

/* What the calls read and write, in memory of the twin. */
struct scratch {
	struct sigevent event;
	struct __kernel_itimerspec setting;
	int id;
};

static bool is_cpu(clockid_t clock) { return clock < 0; }
static bool is_alarm(clockid_t clock) { return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM; }

static ktime_t clock_now(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		return ktime_get_real();
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return ktime_get_boottime();
	case CLOCK_TAI:
		return ktime_get_clocktai();
	default:
		return ktime_get();
	}
}

/* Mirrors cpu_clock_sample() and cpu_clock_sample_group() (kernel/time/posix-cpu-timers.c). */
static u64 cpu_now(clockid_t clock, struct task_struct *task)
{
	struct task_cputime now;

	if (!CPUCLOCK_PERTHREAD(clock)) {
		borrowed(thread_group_cputime)(task, &now);
	} else {
		now.utime = task->utime;
		now.stime = task->stime;
		now.sum_exec_runtime = borrowed(task_sched_runtime)(task);
	}
	switch (CPUCLOCK_WHICH(clock)) {
	case CPUCLOCK_PROF:
		return now.utime + now.stime;
	case CPUCLOCK_VIRT:
		return now.utime;
	default:
		return now.sum_exec_runtime;
	}
}

/* When it goes off next, or went off last, and what time it is by the same clock. */
static void times_read(struct ptree_taken_timer *taken, struct k_itimer *timer, struct task_struct *on, u64 *ret_expires,
		       u64 *ret_now)
{
	if (is_cpu(timer->it_clock)) {
		*ret_expires = timer->it.cpu.node.expires;
		*ret_now = on ? cpu_now(timer->it_clock, on) : 0;
	} else if (is_alarm(timer->it_clock)) {
		*ret_expires = ktime_to_ns(timer->it.alarm.alarmtimer.node.expires);
		*ret_now = ktime_to_ns(clock_now(timer->it_clock));
		taken->absolute = timer->it_clock == CLOCK_REALTIME_ALARM;
	} else {
		/* A relative time by CLOCK_REALTIME is counted by CLOCK_MONOTONIC (common_hrtimer_arm()). */
		clockid_t clock = timer->it.real.timer.base->clockid;

		*ret_expires = ktime_to_ns(hrtimer_get_expires(&timer->it.real.timer));
		*ret_now = ktime_to_ns(clock_now(clock));
		taken->absolute = clock == CLOCK_REALTIME;
	}
}

static void state_take(struct ptree_taken_timer *taken, struct k_itimer *timer, struct task_struct *on)
{
	bool silent = timer->it_sigev_notify == SIGEV_NONE;
	u64 expires, now;
	s64 left;

	times_read(taken, timer, on, &expires, &now);
	left = (s64)(expires - now);
	if (silent)
		taken->state = expires && (timer->it_interval || left > 0) ? PTREE_TIMER_ARMED : PTREE_TIMER_IDLE;
	else if (compat_timer_gone_off(timer))
		taken->state = PTREE_TIMER_GONE_OFF;
	else if (is_cpu(timer->it_clock) ? expires != 0 : compat_timer_armed(timer))
		taken->state = PTREE_TIMER_ARMED;
	if (is_cpu(timer->it_clock) && !on)
		taken->state = PTREE_TIMER_IDLE;

	/* As timer_gettime() and the delivery of the signal do it. */
	if (left <= 0 && timer->it_interval && (silent || taken->state == PTREE_TIMER_GONE_OFF)) {
		u64 missed = div64_u64((u64)-left, ktime_to_ns(timer->it_interval)) + 1;

		taken->overrun += (s64)missed;
		expires += missed * ktime_to_ns(timer->it_interval);
		left = (s64)(expires - now);
	}
	taken->left_ns = taken->absolute ? max_t(s64, expires, 1) : max_t(s64, left, 1);
}

/* With both locks of the timer held: its own, and the handlers'. */
static int timer_take(struct ptree_taken_timer *taken, struct k_itimer *timer, struct ptree_member *member)
{
	struct task_struct *source = member_source(member), *on = NULL;
	struct pid_namespace *ns = task_active_pid_ns(source);

	*taken = (struct ptree_taken_timer){
		.sigq = compat_timer_sigq(timer),
		.id = timer->it_id,
		.clock = timer->it_clock,
		.made_with = timer->it_clock,
		.notify = timer->it_sigev_notify,
		.signo = compat_timer_sigq(timer)->info.si_signo,
		.value = compat_timer_sigq(timer)->info.si_value,
		.queued = compat_timer_queued(timer),
		.interval_ns = ktime_to_ns(timer->it_interval),
		.overrun = timer->it_overrun,
		.overrun_last = timer->it_overrun_last,
	};
	if (taken->notify & SIGEV_THREAD_ID) {
		taken->target = pid_nr_ns(timer->it_pid, ns);
		if (!pid_task(timer->it_pid, PIDTYPE_PID))
			taken->lost_target = get_pid(timer->it_pid);
	}
	if (is_cpu(timer->it_clock)) {
		int which = CPUCLOCK_WHICH(timer->it_clock);
		struct pid *pid = timer->it.cpu.pid;

		if (CPUCLOCK_PERTHREAD(timer->it_clock)) {
			on = pid_task(pid, PIDTYPE_PID);
			taken->lost_clock = on ? NULL : get_pid(pid);
			taken->made_with = make_thread_cpuclock(on ? pid_nr_ns(pid, ns) : 0, which);
		} else if (pid == task_tgid(source)) {
			on = source;
			taken->made_with = make_process_cpuclock(0, which);
		} else {
			return ptree_op_fail(member->op, source, -EOPNOTSUPP,
					     "has a timer on the CPU time of another process, which cannot be cloned");
		}
	}
	state_take(taken, timer, on);
	return 0;
}

/* ptree_timers_forget() - before they are taken once more. Not under a spinlock. */
void ptree_timers_forget(struct ptree_taken *taken)
{
	unsigned int i;

	for (i = 0; i < min(taken->nr_timers, taken->size_timers); i++) {
		put_pid(taken->timers[i].lost_target);
		put_pid(taken->timers[i].lost_clock);
	}
	taken->nr_timers = 0;
}

/**
 * ptree_timers_take() - all POSIX timers of a source
 * @taken: gets them; where there is no room it only counts
 * @member: the source's handlers' lock is held, interrupts are off
 *
 * A timer's own lock is the outer one of the two. So it is only tried, which fails while the timer is just going off.
 *
 * Errors: -EAGAIN: a timer was busy, try again without the lock between; -EOPNOTSUPP, noted.
 */
int ptree_timers_take(struct ptree_taken *taken, struct ptree_member *member)
{
	struct signal_struct *signal = member_source(member)->signal;
	struct k_itimer *timer;
	int r = 0;

	taken->next_timer_id = compat_next_timer_id(signal);
	taken->restore_ids = compat_timer_restore_ids(signal);
	rcu_read_lock();
	compat_for_each_timer(timer, signal) {
		if (taken->nr_timers >= taken->size_timers) {
			taken->nr_timers++;
			continue;
		}
		if (!spin_trylock(&timer->it_lock)) {
			r = -EAGAIN;
			break;
		}
		r = timer_take(&taken->timers[taken->nr_timers], timer, member);
		taken->nr_timers++;
		spin_unlock(&timer->it_lock);
		if (r < 0)
			break;
	}
	rcu_read_unlock();
	return r;
}

static long call(u32 nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return ptree_system_call(nr, (unsigned long[6]){ a, b, c, d });
}

static void pid_replace(struct pid **place, struct pid *lost)
{
	put_pid(*place);
	*place = get_pid(lost);
}

static struct k_itimer *timer_find(timer_t id)
{
	struct k_itimer *timer, *found = NULL;

	spin_lock_irq(&current->sighand->siglock);
	compat_for_each_timer(timer, current->signal) {
		if (timer->it_id == id) {
			found = timer;
			break;
		}
	}
	spin_unlock_irq(&current->sighand->siglock);
	return found;
}

static int timer_create(struct ptree_taken_timer *timer, struct scratch __user *scratch)
{
	struct scratch own = {
		.event.sigev_notify = timer->lost_target ? timer->notify & ~SIGEV_THREAD_ID : timer->notify,
		.event.sigev_signo = timer->signo,
		.event.sigev_value = timer->value,
	};
	long r;

	own.event.sigev_notify_thread_id = timer->target;
	if (copy_to_user(scratch, &own, sizeof(own)))
		return -EFAULT;
	compat_next_timer_id_set(current->signal, timer->id);
	r = call(__NR_timer_create, timer->made_with, (unsigned long)&scratch->event, (unsigned long)&scratch->id, 0);
	if (r < 0)
		return (int)r;
	timer->twin = timer_find(timer->id);
	if (!timer->twin)
		return -EBUSY;

	/* Nobody else knows it yet: all threads of the twin are on their way to their first instruction. */
	spin_lock_irq(&timer->twin->it_lock);
	timer->twin->it_clock = timer->clock;
	timer->twin->it_sigev_notify = timer->notify;
	if (timer->lost_target)
		pid_replace(&timer->twin->it_pid, timer->lost_target);
	if (timer->lost_clock)
		pid_replace(&timer->twin->it.cpu.pid, timer->lost_clock);
	spin_unlock_irq(&timer->twin->it_lock);
	return 0;
}

static int scratch_map(struct ptree_taken *taken)
{
	unsigned long address;

	address = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(address))
		return (int)address;
	taken->scratch = address;
	return 0;
}

/*
 * ptree_timers_create() - give current, a twin's leader with all its threads, timers like the source's, not yet armed
 *
 * Errors: -ENOMEM, -EAGAIN RLIMIT_SIGPENDING; the sentence is noted.
 */
int ptree_timers_create(struct ptree_taken *taken, struct ptree_member *member)
{
	struct cred *raised = NULL;
	const struct cred *own;
	unsigned int i;
	int r = 0;

	if (taken->nr_timers) {
		r = scratch_map(taken);
		if (r == 0) {
			raised = ptree_cred_raise(current_cred());
			r = raised ? 0 : -ENOMEM;
		}
	}
	if (raised) {
		/* The source may have given up the right to wake the machine since it made the timer. */
		cap_raise(raised->cap_effective, CAP_WAKE_ALARM);
		own = override_creds(raised);
		for (i = taken->nr_timers; i-- > 0 && r == 0;)
			r = timer_create(&taken->timers[i], (struct scratch __user *)taken->scratch);
		revert_creds(own);
		put_cred(raised);
	}
	compat_next_timer_id_set(current->signal, taken->next_timer_id);
	compat_timer_restore_ids_set(current->signal, taken->restore_ids);
	if (r < 0)
		return ptree_op_fail(member->op, member_source(member), r, "has timers that cannot be duplicated: %s",
				     r == -EAGAIN ? "RLIMIT_SIGPENDING is reached" :
				     r == -ENOMEM ? "no memory" : "timer_create() fails");
	return 0;
}

static void overrun_give(const struct ptree_taken_timer *timer)
{
	timer->twin->it_overrun = timer->overrun;
	timer->twin->it_overrun_last = timer->overrun_last;
}

static int timer_set(struct ptree_taken *taken, const struct ptree_taken_timer *timer)
{
	struct scratch __user *scratch = (struct scratch __user *)taken->scratch;
	struct timespec64 value = ns_to_timespec64(timer->left_ns), interval = ns_to_timespec64(timer->interval_ns);
	struct __kernel_itimerspec setting = {
		.it_value = { value.tv_sec, value.tv_nsec },
		.it_interval = { interval.tv_sec, interval.tv_nsec },
	};

	if (copy_to_user(&scratch->setting, &setting, sizeof(setting)))
		return -EFAULT;
	return (int)call(__NR_timer_settime, timer->id, timer->absolute ? TIMER_ABSTIME : 0,
			 (unsigned long)&scratch->setting, 0);
}

/* With its lock held. Negative: it is just going off, and waits for that lock. */
static int timer_cancel(struct k_itimer *timer)
{
	if (is_cpu(timer->it_clock)) {
		spin_lock(&current->sighand->siglock);
		cpu_timer_dequeue(&timer->it.cpu);
		spin_unlock(&current->sighand->siglock);
		return 0;
	}
	if (is_alarm(timer->it_clock))
		return alarm_try_to_cancel(&timer->it.alarm.alarmtimer);
	return hrtimer_try_to_cancel(&timer->it.real.timer);
}

/*
 * ptree_timer_go_off() - bring a timer of current's into the state after it has gone off: its signal is sent or lost
 *
 * A periodic timer goes on from there when the signal is delivered, which counts its overruns from the time when it
 * would go off next. If that has come already it has just gone off by itself.
 */
int ptree_timer_go_off(struct ptree_taken *taken, struct ptree_taken_timer *timer)
{
	struct k_itimer *twin = timer->twin;
	int r;

	if (timer->state == PTREE_TIMER_GONE_OFF) {
		r = timer_set(taken, timer);
		if (r < 0)
			return r;
	}
	for (;;) {
		spin_lock_irq(&twin->it_lock);
		if (timer_cancel(twin) >= 0)
			break;
		spin_unlock_irq(&twin->it_lock);
		cpu_relax();
	}
	if (!compat_timer_queued(twin)) {
		if (timer->queued)
			compat_timer_go_off(twin);
		else
			compat_timer_lose_signal(twin);
	}
	overrun_give(timer);
	spin_unlock_irq(&twin->it_lock);
	return 0;
}

/* ptree_timers_arm() - the last step: those that run. -EFAULT. */
int ptree_timers_arm(struct ptree_taken *taken)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < taken->nr_timers && r == 0; i++) {
		struct ptree_taken_timer *timer = &taken->timers[i];

		if (timer->state == PTREE_TIMER_GONE_OFF && !timer->queued) {
			r = ptree_timer_go_off(taken, timer);
		} else if (timer->state != PTREE_TIMER_GONE_OFF) {
			if (timer->state == PTREE_TIMER_ARMED)
				r = timer_set(taken, timer);
			spin_lock_irq(&timer->twin->it_lock);
			overrun_give(timer);
			spin_unlock_irq(&timer->twin->it_lock);
		}
	}
	return r;
}

void ptree_timers_done(struct ptree_taken *taken)
{
	if (taken->scratch)
		vm_munmap(taken->scratch, PAGE_SIZE);
	ptree_timers_forget(taken);
	kvfree(taken->timers);
}
