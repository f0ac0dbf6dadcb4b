// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel does not say of event files in their fdinfo, and a twin cannot do without; lines of ours behind its own.
 *
 * Of a periodic timer that has expired the kernel says "0 left" until it is read. Its twin must know since when: how often
 * it came by the time of the read is counted then. Asking with timerfd_gettime() would arm the source's timer anew.
 */
#include <linux/alarmtimer.h>
#include <linux/hrtimer.h>
#include <linux/seq_file.h>
#include <linux/time.h>
#include <linux/wait.h>
#include "compat.h"
#include "files.h"

/* The beginning of what fs/timerfd.c keeps; the same in v6.1, v6.12, v7.2. */
struct timerfd {
	union {
		struct hrtimer tmr;
		struct alarm alarm;
	} t;
	ktime_t tintv;
	ktime_t moffs;		/* KTIME_MAX: the clock was set */
	wait_queue_head_t wqh;
	u64 ticks;
	int clockid;
	short unsigned expired;
	short unsigned settime_flags;
	struct rcu_head rcu;
	struct list_head clist;
	spinlock_t cancel_lock;
	bool might_cancel;
};

static void timer_tell(struct seq_file *text, const struct file *file)
{
	struct timerfd *timer = file->private_data;
	bool armed, expired, canceled;
	ktime_t expires;
	u64 ticks;

	spin_lock_irq(&timer->wqh.lock);
	/* What has left the queue and waits for the lock in its handler is active too. */
	if (timer->clockid == CLOCK_REALTIME_ALARM || timer->clockid == CLOCK_BOOTTIME_ALARM) {
		armed = READ_ONCE(timer->t.alarm.state) & ALARMTIMER_STATE_ENQUEUED || hrtimer_active(&timer->t.alarm.timer);
		expires = timer->t.alarm.node.expires;
	} else {
		armed = hrtimer_active(&timer->t.tmr);
		expires = hrtimer_get_expires(&timer->t.tmr);
	}
	ticks = timer->ticks;
	expired = timer->expired;
	canceled = timer->might_cancel && timer->moffs == KTIME_MAX;
	spin_unlock_irq(&timer->wqh.lock);

	seq_printf(text, "ptree-ticks: %llu\nptree-expires: %lld\nptree-armed: %d\nptree-expired: %d\nptree-canceled: %d\n",
		   ticks, (long long)expires, armed && !expired, expired, canceled);
}

void ptree_event_tell(struct seq_file *text, const struct file *file)
{
	const char *name = file->f_path.dentry->d_name.name;

	if (strcmp(name, "[timerfd]") == 0)
		timer_tell(text, file);
	else if (strcmp(name, "[eventfd]") == 0)
		compat_eventfd_tell(text, file);
}
