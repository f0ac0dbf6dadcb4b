// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timerfd: a timer of the clone's own that expires when the source's does. The text of fdinfo is of the time of the
 * freeze, and tells when it expires as a point in time: so nothing drifts, and there is nothing to capture.
 */
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "events.h"
#include "fdinfo.h"
#include "status.h"

#define NSEC_PER_SEC INT64_C(1000000000)

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

static int64_t nsec_of(const struct timespec *t)
{
	return t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}

static struct timespec timespec_of(int64_t nsec)
{
	return (struct timespec){ .tv_sec = nsec / NSEC_PER_SEC, .tv_nsec = nsec % NSEC_PER_SEC };
}

static int interval_parse(const char *text, int64_t *ret)
{
	const char *value = ptree_fdinfo_next(&text, "it_interval:");
	unsigned long long sec, nsec;

	if (!value)
		return -ENOENT;
	if (sscanf(value, "(%llu, %llu)", &sec, &nsec) != 2)
		return -EBADMSG;
	*ret = (int64_t)sec * NSEC_PER_SEC + (int64_t)nsec;
	return 0;
}

int ptree_timerfd_parse(const char *text, struct ptree_timerfd *ret)
{
	uint64_t clock, flags, ticks, expires, armed, expired, canceled;
	const struct {
		const char *key;
		int base;
		uint64_t *value;
	} lines[] = {
		{ "clockid:",		10, &clock },
		{ "settime flags:",	8,  &flags },
		/* The module's: what the kernel does not say, and all of one moment. */
		{ "ptree-ticks:",	10, &ticks },
		{ "ptree-expires:",	10, &expires },
		{ "ptree-armed:",	10, &armed },
		{ "ptree-expired:",	10, &expired },
		{ "ptree-canceled:",	10, &canceled },
	};
	int64_t interval;
	int r;

	if (!text)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		r = ptree_fdinfo_number(text, lines[i].key, lines[i].base, lines[i].value);
		if (r < 0)
			return r;
	}
	r = interval_parse(text, &interval);
	if (r < 0)
		return r;
	*ret = (struct ptree_timerfd){
		.clock = (clockid_t)clock,
		.flags = (int)flags,
		.ticks = ticks,
		.interval_nsec = interval,
		.expires_nsec = (int64_t)expires,
		.armed = armed,
		.expired = expired,
		.canceled = canceled,
	};
	return 0;
}

/* See alarm_bases and __hrtimer_init(), kernel/time/, read in v6.1, v6.12, v7.2. */
clockid_t ptree_timerfd_base(const struct ptree_timerfd *timer)
{
	switch (timer->clock) {
	case CLOCK_REALTIME_ALARM:
		return CLOCK_REALTIME;
	case CLOCK_BOOTTIME_ALARM:
		return CLOCK_BOOTTIME;
	case CLOCK_REALTIME:
		return timer->flags & TFD_TIMER_ABSTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	default:
		return timer->clock;
	}
}

void ptree_timerfd_setting(const struct ptree_timerfd *timer, int64_t now_nsec, struct itimerspec *ret,
			   uint64_t *ret_ticks)
{
	int64_t next = timer->expires_nsec, interval = timer->interval_nsec;
	bool runs = timer->armed || (timer->expired && interval);
	uint64_t ticks = timer->ticks;

	if (runs && next <= now_nsec) {
		/* How often it has come by now; what it is expired with is in ticks. */
		int64_t passed = interval ? (now_nsec - next) / interval + 1 : 1;

		ticks += (uint64_t)passed - (timer->expired ? 1 : 0);
		next += passed * interval;
		runs = interval;
	}
	*ret = (struct itimerspec){ .it_interval = timespec_of(interval) };
	if (runs)
		ret->it_value = timespec_of(timer->flags & TFD_TIMER_ABSTIME ? next : next - now_nsec);
	*ret_ticks = ticks;
}

bool ptree_timerfd_is(const struct ptree_file *f)
{
	return f->info.fs_magic == ANON_INODE_FS_MAGIC && strcmp(f->info.name, "[timerfd]") == 0;
}

int ptree_timerfd_judge(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_timerfd timer;
	int r;

	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one timer for both: each expiration is read once");
	r = ptree_timerfd_parse(f->fdinfo, &timer);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the kernel says of it is not understood");
	/* A new one cannot be made to say that. The program is about to read it. */
	if (timer.canceled)
		return ptree_file_refuse(f, "the clock was set and the program was not told yet; try again");
	return 0;
}

static int timer_set(int fd, const struct ptree_timerfd *timer)
{
	struct itimerspec setting;
	struct timespec now;
	uint64_t ticks;

	if (clock_gettime(ptree_timerfd_base(timer), &now) < 0)
		return -errno;
	ptree_timerfd_setting(timer, nsec_of(&now), &setting, &ticks);
	if (timerfd_settime(fd, timer->flags, &setting, NULL) < 0)
		return -errno;
	return ticks && ioctl(fd, TFD_IOC_SET_TICKS, &ticks) < 0 ? -errno : 0;
}

int ptree_timerfd_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct ptree_timerfd timer;
	int r;

	r = ptree_timerfd_parse(f->fdinfo, &timer);
	if (r < 0)
		return ptree_file_error(op, f, r, "what the kernel says of it is not understood");
	f->twin_fd = timerfd_create(timer.clock, TFD_CLOEXEC);
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "cannot make its twin");
	r = timer_set(f->twin_fd, &timer);
	if (r < 0)
		return ptree_file_error(op, f, r, "cannot set its twin");
	return ptree_status_set(op, f, f->twin_fd);
}
