// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * timerfd: each side's timers expire when they would have, and are read as often as they would have been: those that run,
 * those that have expired and were not read, those at rest. Clocks, intervals and the flags of their setting stay.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include "witness.h"

#define SEC INT64_C(1000000000)
#define MSEC INT64_C(1000000)

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

static int64_t nsec_of(const struct timespec *t)
{
	return t->tv_sec * SEC + t->tv_nsec;
}

/* Alarm clocks cannot be read where nothing can wake the machine; they run with these. */
static int64_t now_of(clockid_t clock)
{
	struct timespec now;

	clock = clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : clock == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME : clock;
	MUST(clock_gettime(clock, &now) == 0);
	return nsec_of(&now);
}

struct timer_case {
	const char *name;
	clockid_t clock;
	int flags;
	int64_t value, interval;	/* value: from now, whatever the flags; 0: at rest */
	uint64_t ticks;			/* set by TFD_IOC_SET_TICKS */
	bool expires;			/* before the clone */
	int fd;
	int64_t first[2];		/* when it first expires: not before, not after */
	char text[512];			/* clockid, flags, interval: as fdinfo has them */
};

static struct timer_case cases[] = {
	{ .name = "far", .clock = CLOCK_MONOTONIC, .value = 1000 * SEC },
	{ .name = "far, a span of wall clock time", .clock = CLOCK_REALTIME, .value = 1000 * SEC, .interval = 3 * SEC },
	{ .name = "far, at a time", .clock = CLOCK_REALTIME, .flags = TFD_TIMER_ABSTIME, .value = 1000 * SEC },
	{ .name = "far, unless the clock is set", .clock = CLOCK_REALTIME,
	  .flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, .value = 1000 * SEC, .interval = 7 * SEC },
	{ .name = "far, since boot", .clock = CLOCK_BOOTTIME, .value = 1000 * SEC, .interval = SEC },
	{ .name = "far, alarm", .clock = CLOCK_BOOTTIME_ALARM, .value = 1000 * SEC },
	{ .name = "far, alarm at a time", .clock = CLOCK_REALTIME_ALARM, .flags = TFD_TIMER_ABSTIME, .value = 1000 * SEC },
	{ .name = "far, read in part", .clock = CLOCK_MONOTONIC, .value = 1000 * SEC, .interval = SEC, .ticks = 5 },
	{ .name = "at rest", .clock = CLOCK_MONOTONIC },
	{ .name = "at rest with ticks", .clock = CLOCK_MONOTONIC, .flags = TFD_TIMER_ABSTIME, .ticks = 9 },
	{ .name = "once, not read", .clock = CLOCK_MONOTONIC, .value = 1, .expires = true },
	{ .name = "once at a time, not read", .clock = CLOCK_REALTIME, .flags = TFD_TIMER_ABSTIME, .value = MSEC, .expires = true },
	{ .name = "periodic, not read", .clock = CLOCK_MONOTONIC, .value = 3 * MSEC, .interval = 7 * MSEC, .expires = true },
	{ .name = "periodic at a time, not read", .clock = CLOCK_BOOTTIME, .flags = TFD_TIMER_ABSTIME, .value = 3 * MSEC,
	  .interval = 11 * MSEC, .expires = true },
	{ .name = "periodic span of wall clock time, not read", .clock = CLOCK_REALTIME, .value = MSEC, .interval = 13 * MSEC,
	  .expires = true },
	{ .name = "periodic alarm, not read", .clock = CLOCK_BOOTTIME_ALARM, .value = MSEC, .interval = 17 * MSEC,
	  .expires = true },
	{ .name = "once, soon", .clock = CLOCK_MONOTONIC, .value = 3 * SEC },
	{ .name = "periodic, soon", .clock = CLOCK_MONOTONIC, .value = 3 * SEC, .interval = 100 * MSEC },
};

static struct timespec timespec_of(int64_t nsec)
{
	return (struct timespec){ .tv_sec = nsec / SEC, .tv_nsec = nsec % SEC };
}

/* What does not change. */
static void text_read(const struct timer_case *c, char *ret)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->fd);
	*ret = '\0';
	file = fopen(path, "re");
	MUST(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "clockid", 7) == 0 || strncmp(line, "settime", 7) == 0 || strncmp(line, "it_interval", 11) == 0)
			strcat(ret, line);
	fclose(file);
}

static bool is_readable(int fd, int timeout_msec)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, timeout_msec) == 1;
}

static void prepare(struct timer_case *c)
{
	struct itimerspec setting = { .it_interval = timespec_of(c->interval) };

	c->fd = timerfd_create(c->clock, TFD_NONBLOCK | TFD_CLOEXEC);
	if (c->fd < 0 && (c->clock == CLOCK_BOOTTIME_ALARM || c->clock == CLOCK_REALTIME_ALARM))
		return; /* not for those without rights */
	MUST(c->fd >= 0);
	c->first[0] = now_of(c->clock) + c->value;
	if (c->value)
		setting.it_value = timespec_of(c->flags & TFD_TIMER_ABSTIME ? c->first[0] : c->value);
	MUST(timerfd_settime(c->fd, c->flags, &setting, NULL) == 0);
	c->first[1] = c->flags & TFD_TIMER_ABSTIME ? c->first[0] : now_of(c->clock) + c->value;
	if (c->ticks)
		MUST(ioctl(c->fd, TFD_IOC_SET_TICKS, &c->ticks) == 0);
	text_read(c, c->text);
}

static uint64_t take(int fd)
{
	uint64_t ticks;

	return read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) ? ticks : 0;
}

/* How often it came until @now, if it first came at @first. */
static uint64_t times(const struct timer_case *c, int64_t first, int64_t now)
{
	if (!c->value || now < first)
		return 0;
	return c->interval ? (uint64_t)((now - first) / c->interval) + 1 : 1;
}

/* Reads it once and holds the number against what it may be. */
static void count(const struct timer_case *c)
{
	int64_t from = now_of(c->clock), to;
	uint64_t got = take(c->fd), least, most;

	to = now_of(c->clock);
	least = c->ticks + times(c, c->first[1], from);
	most = c->ticks + times(c, c->first[0], to);
	/* What expires just now may not have been handled yet. */
	if (got + 1 < least || got > most || (least && !got))
		FAIL("%s: came %llu times, not %llu to %llu", c->name, (unsigned long long)got, (unsigned long long)least,
		     (unsigned long long)most);
}

static void judge(struct timer_case *c)
{
	struct itimerspec left;
	char text[512];
	int64_t from, to;

	CHECK_EQUAL(fcntl(c->fd, F_GETFL) & ~0100000, O_RDWR | O_NONBLOCK);
	CHECK_EQUAL(fcntl(c->fd, F_GETFD), FD_CLOEXEC);
	text_read(c, text);
	if (strcmp(text, c->text) != 0)
		FAIL("%s: was %s, is %s", c->name, c->text, text);
	if (c->value < 100 * SEC) {
		if (c->expires)
			CHECK(is_readable(c->fd, 0));
		else if (c->value)
			CHECK(is_readable(c->fd, 30000));
		count(c);
	} else {
		CHECK_EQUAL(take(c->fd), c->ticks);
	}
	from = now_of(c->clock);
	CHECK_EQUAL(timerfd_gettime(c->fd, &left), 0);
	to = now_of(c->clock);
	CHECK_EQUAL(nsec_of(&left.it_interval), c->interval);
	if (c->value < 100 * SEC) {
		if (!c->interval)
			CHECK_EQUAL(nsec_of(&left.it_value), 0);
		return;
	}
	/* A clock may be slewed a little; and what is set as a time span starts a moment later. */
	if (nsec_of(&left.it_value) < c->first[0] - to - 50 * MSEC || nsec_of(&left.it_value) > c->first[1] - from + 50 * MSEC)
		FAIL("%s: %lld ns are left, not %lld to %lld", c->name, (long long)nsec_of(&left.it_value),
		     (long long)(c->first[0] - to), (long long)(c->first[1] - from));
}

int main(int argc, char **argv)
{
	struct itimerspec off = { .it_value.tv_sec = 0 };
	int lasting;

	witness_start(argc, argv);
	for (size_t i = 0; i < COUNT(cases); i++)
		prepare(&cases[i]);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (cases[i].expires && cases[i].fd >= 0)
			MUST(is_readable(cases[i].fd, 30000));
	/* Some periods pass that nobody reads. */
	witness_sleep_usec(60000);
	lasting = timerfd_create(CLOCK_MONOTONIC, 0);
	MUST(lasting >= 0 && timerfd_settime(lasting, 0, &(struct itimerspec){ .it_value.tv_sec = 1000 }, NULL) == 0);
	witness_ready();

	for (size_t i = 0; i < COUNT(cases); i++)
		if (cases[i].fd >= 0)
			judge(&cases[i]);
	/* What one side stops the other does not. */
	witness_meet("read");
	if (!witness_is_clone())
		CHECK_EQUAL(timerfd_settime(lasting, 0, &off, NULL), 0);
	witness_meet("stopped");
	CHECK_EQUAL(timerfd_gettime(lasting, &off), 0);
	CHECK_EQUAL(off.it_value.tv_sec > 0, witness_is_clone());
	return witness_verdict();
}
