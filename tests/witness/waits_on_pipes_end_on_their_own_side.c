// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes and threads that sleep until a pipe or an event file has something for them: each is woken by its own side, and
 * by nobody else. First the source's alone are woken, then the clone's.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>

#include "witness.h"

struct wait {
	const char *name;
	long (*call)(struct wait *w);
	void (*wake)(struct wait *w);
	long nr, wanted;
	int fd[2];
	pthread_t thread;
	volatile pid_t tid;
	volatile long got;
	volatile bool done;
};

static char block[65536];

static long call_read(struct wait *w) { return read(w->fd[0], block, 1); }
static long call_write(struct wait *w) { return write(w->fd[1], block, 4096); }

static long call_poll(struct wait *w)
{
	struct pollfd poller = { .fd = w->fd[0], .events = POLLIN };

	return poll(&poller, 1, -1) == 1 ? poller.revents : -1;
}

static long call_poll_write(struct wait *w)
{
	struct pollfd poller = { .fd = w->fd[1], .events = POLLOUT };

	return poll(&poller, 1, -1) == 1 ? poller.revents : -1;
}

static long call_select(struct wait *w)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(w->fd[0], &set);
	return select(w->fd[0] + 1, &set, NULL, NULL, NULL);
}

static long call_counter(struct wait *w)
{
	uint64_t value;

	return read(w->fd[0], &value, sizeof(value)) == sizeof(value) ? (long)value : -1;
}

static long call_counter_write(struct wait *w)
{
	uint64_t value = 5;

	return write(w->fd[0], &value, sizeof(value));
}

static void wake_byte(struct wait *w) { CHECK_EQUAL(write(w->fd[1], "x", 1), 1); }
static void wake_drain(struct wait *w) { CHECK_EQUAL(read(w->fd[0], block, 8192), 8192); }
static void wake_end(struct wait *w) { CHECK_EQUAL(close(w->fd[1]), 0); }

static void wake_counter(struct wait *w)
{
	uint64_t value = 7;

	CHECK_EQUAL(write(w->fd[0], &value, sizeof(value)), sizeof(value));
}

static void wake_counter_full(struct wait *w)
{
	uint64_t value;

	CHECK_EQUAL(read(w->fd[0], &value, sizeof(value)), sizeof(value));
	CHECK(value == UINT64_MAX - 1);
}

static void wake_timer(struct wait *w)
{
	struct itimerspec setting = { .it_value.tv_nsec = 1 };

	CHECK_EQUAL(timerfd_settime(w->fd[0], 0, &setting, NULL), 0);
}

static struct wait waits[] = {
	{ "read", call_read, wake_byte, SYS_read, 1 },
	{ "read until the end", call_read, wake_end, SYS_read, 0 },
	{ "write", call_write, wake_drain, SYS_write, 4096 },
	{ "poll", call_poll, wake_byte, SYS_poll, POLLIN },
	{ "poll until the end", call_poll, wake_end, SYS_poll, POLLHUP },
	{ "poll for room", call_poll_write, wake_drain, SYS_poll, POLLOUT },
	{ "select", call_select, wake_byte, SYS_pselect6, 1 },
	{ "eventfd", call_counter, wake_counter, SYS_read, 7 },
	{ "poll of an eventfd", call_poll, wake_counter, SYS_poll, POLLIN },
	{ "eventfd that is full", call_counter_write, wake_counter_full, SYS_write, 8 },
	{ "timerfd", call_counter, wake_timer, SYS_read, 1 },
	{ "poll of a timerfd", call_poll, wake_timer, SYS_poll, POLLIN },
};

static void *body(void *argument)
{
	struct wait *w = argument;

	w->tid = gettid();
	w->got = w->call(w);
	w->done = true;
	return NULL;
}

static void prepare(struct wait *w)
{
	uint64_t full = UINT64_MAX - 1;

	if (w->wake == wake_timer) {
		w->fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	} else if (w->wake == wake_counter || w->wake == wake_counter_full) {
		w->fd[0] = eventfd(0, 0);
		MUST(w->wake == wake_counter || write(w->fd[0], &full, sizeof(full)) == sizeof(full));
	} else {
		MUST(pipe(w->fd) == 0);
		MUST(w->wake != wake_drain || write(w->fd[1], block, sizeof(block)) == sizeof(block));
	}
	MUST(w->fd[0] >= 0);
	w->thread = witness_thread(body, w);
	AWAIT(w->tid);
	witness_await_call(w->tid, w->nr);
}

int main(int argc, char **argv)
{
	witness_start(argc, argv);
	for (size_t i = 0; i < COUNT(waits); i++)
		prepare(&waits[i]);
	witness_ready();

	if (witness_is_clone()) {
		witness_meet("source");
		for (size_t i = 0; i < COUNT(waits); i++)
			if (waits[i].done)
				FAIL("%s is ended by the source's (%ld)", waits[i].name, waits[i].got);
	}
	for (size_t i = 0; i < COUNT(waits); i++)
		waits[i].wake(&waits[i]);
	for (size_t i = 0; i < COUNT(waits); i++) {
		AWAIT(waits[i].done);
		if (waits[i].got != waits[i].wanted)
			FAIL("%s returns %ld, not %ld", waits[i].name, waits[i].got, waits[i].wanted);
	}
	if (!witness_is_clone())
		witness_meet("source");
	return witness_verdict();
}
