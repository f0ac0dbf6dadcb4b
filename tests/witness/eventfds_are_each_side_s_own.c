// SPDX-License-Identifier: GPL-2.0-or-later
/* eventfd: counters, semaphores and flags are as they were, and from then on each side counts alone. */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "witness.h"

static const struct event_case {
	uint64_t count;
	int flags;
} cases[] = {
	{ 0, EFD_NONBLOCK },
	{ 1, EFD_NONBLOCK },
	{ 42, EFD_NONBLOCK | EFD_CLOEXEC },
	{ 0xfedcba9876543210, EFD_NONBLOCK },
	{ UINT64_MAX - 1, EFD_NONBLOCK },
	{ 0, EFD_NONBLOCK | EFD_SEMAPHORE },
	{ 1, EFD_NONBLOCK | EFD_SEMAPHORE },
	{ 3, EFD_NONBLOCK | EFD_SEMAPHORE },
	{ 7, 0 },
	{ 9, EFD_SEMAPHORE },
};

static uint64_t take(int fd)
{
	uint64_t value = 0;

	CHECK_EQUAL(read(fd, &value, sizeof(value)), sizeof(value));
	return value;
}

static short events_of(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&poller, 1, 0) >= 0);
	return poller.revents;
}

static void judge(const struct event_case *c, int fd)
{
	uint64_t takes = c->flags & EFD_SEMAPHORE ? c->count : c->count > 0, one = 1;

	CHECK_EQUAL(fcntl(fd, F_GETFL) & ~0100000, O_RDWR | (c->flags & EFD_NONBLOCK));
	CHECK_EQUAL(fcntl(fd, F_GETFD), c->flags & EFD_CLOEXEC ? FD_CLOEXEC : 0);
	CHECK_EQUAL(events_of(fd), (c->count ? POLLIN : 0) | (c->count < UINT64_MAX - 1 ? POLLOUT : 0));
	for (uint64_t i = 0; i < takes; i++)
		CHECK_EQUAL(take(fd), c->flags & EFD_SEMAPHORE ? 1 : c->count);
	CHECK_EQUAL(events_of(fd), POLLOUT);
	if (c->flags & EFD_NONBLOCK)
		CHECK(read(fd, &one, sizeof(one)) < 0 && errno == EAGAIN);
}

int main(int argc, char **argv)
{
	uint64_t mine;
	int fds[COUNT(cases)], child_has;

	witness_start(argc, argv);
	for (size_t i = 0; i < COUNT(cases); i++) {
		fds[i] = eventfd(0, cases[i].flags);
		MUST(fds[i] >= 0);
		if (cases[i].count)
			MUST(write(fds[i], &cases[i].count, sizeof(uint64_t)) == sizeof(uint64_t));
	}
	child_has = dup(fds[2]);
	MUST(child_has >= 0);
	witness_ready();

	for (size_t i = 0; i < COUNT(cases); i++)
		judge(&cases[i], fds[i]);
	/* Two descriptors of one are still one. */
	mine = witness_is_clone() ? 100 : 2000;
	CHECK_EQUAL(write(child_has, &mine, sizeof(mine)), sizeof(mine));
	for (size_t i = 0; i < COUNT(cases); i++)
		if (i != 2)
			CHECK_EQUAL(write(fds[i], &mine, sizeof(mine)), sizeof(mine));
	witness_meet("written");
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint64_t left = mine; left > 0;)
			left -= take(fds[i]);
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_EQUAL(events_of(fds[i]), POLLOUT);
	return witness_verdict();
}
