/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are nothing but events, and whose state is all in the text of their fdinfo: eventfd, timerfd, signalfd. */
#ifndef PTREE_SETTLE_EVENTS_H
#define PTREE_SETTLE_EVENTS_H

#include <sys/timerfd.h>

#include "../settle.h"

/* An eventfd. */
struct ptree_eventfd {
	uint64_t count;
	bool semaphore;
};

int ptree_eventfd_parse(const char *text, struct ptree_eventfd *ret);
bool ptree_eventfd_is(const struct ptree_file *f);
int ptree_eventfd_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_eventfd_settle(struct ptree_op *op, struct ptree_file *f);

/* A timerfd. */
struct ptree_timerfd {
	clockid_t clock;
	int flags;		/* TFD_TIMER_*, of the last timerfd_settime() */
	uint64_t ticks;		/* expirations that were counted and not read */
	int64_t interval_nsec;
	int64_t expires_nsec;	/* next expiration, or if @expired the last; ptree_timerfd_base() says on which clock */
	bool armed;
	bool expired;		/* it waits to be read before it goes on; see timerfd_read(), fs/timerfd.c */
	bool canceled;		/* the clock was set (TFD_TIMER_CANCEL_ON_SET), and nobody was told yet */
};

int ptree_timerfd_parse(const char *text, struct ptree_timerfd *ret);

/* The clock that it is measured on: one that can be read, and for time spans one that is not set. */
clockid_t ptree_timerfd_base(const struct ptree_timerfd *timer);

/*
 * ptree_timerfd_setting() - what makes a new timer what @timer is at @now_nsec of its base clock: @ret with the timer's
 * flags for timerfd_settime(), then @ret_ticks expirations for TFD_IOC_SET_TICKS, unless 0
 * A periodic timer that has expired goes on as after timerfd_gettime(): counted up to now, and armed again.
 */
void ptree_timerfd_setting(const struct ptree_timerfd *timer, int64_t now_nsec, struct itimerspec *ret,
			   uint64_t *ret_ticks);

bool ptree_timerfd_is(const struct ptree_file *f);
int ptree_timerfd_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_timerfd_settle(struct ptree_op *op, struct ptree_file *f);

/* A signalfd. @ret: as the kernel has it, bit 0 for signal 1. */
int ptree_signalfd_parse(const char *text, uint64_t *ret);
bool ptree_signalfd_is(const struct ptree_file *f);
int ptree_signalfd_judge(struct ptree_op *op, struct ptree_file *f);
int ptree_signalfd_settle(struct ptree_op *op, struct ptree_file *f);

#endif
