// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epoll sets: entries of all sorts, for descriptors that were closed, moved and used again since; sets within sets. What
 * is ready on one side wakes that side alone.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "witness.h"

static int set, outer, plain, edge, once, armed, moved_number, moved, reused, ends[2];

static void add(int where, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	MUST(epoll_ctl(where, EPOLL_CTL_ADD, fd, &event) == 0);
}

static int counter(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	MUST(fd >= 0);
	return fd;
}

static void raise_counter(int fd)
{
	uint64_t one = 1;

	CHECK_EQUAL(write(fd, &one, sizeof(one)), sizeof(one));
}

static void lower_counter(int fd)
{
	uint64_t value;

	CHECK_EQUAL(read(fd, &value, sizeof(value)), sizeof(value));
}

/* The one event that there is: its data. 0: there is none. */
static uint64_t one_event(int where, uint32_t events)
{
	struct epoll_event got[16];
	int n = epoll_wait(where, got, 16, 0);

	if (n == 0)
		return 0;
	CHECK_EQUAL(n, 1);
	CHECK_EQUAL(got[0].events, events);
	return got[0].data.u64;
}

/* Swallows what an edge reports once too often: that is allowed. */
static void drain(int where)
{
	struct epoll_event got[16];

	while (epoll_wait(where, got, 16, 0) > 0 && !(got[0].events & EPOLLIN))
		;
}

static void build(void)
{
	int other;

	set = epoll_create1(EPOLL_CLOEXEC);
	outer = epoll_create1(0);
	MUST(set >= 0 && outer >= 0);
	plain = counter();
	edge = counter();
	once = counter();
	armed = counter();
	add(set, plain, EPOLLIN, 0x1111111122222222);
	add(set, edge, EPOLLIN | EPOLLET | EPOLLWAKEUP, 2);
	add(set, once, EPOLLIN | EPOLLONESHOT, 3);
	add(set, armed, EPOLLIN | EPOLLONESHOT, 4);

	/* Added under one number, which another file has by now. */
	moved_number = counter();
	add(set, moved_number, EPOLLIN, 5);
	moved = dup(moved_number);
	reused = counter();
	MUST(moved >= 0 && dup2(reused, moved_number) == moved_number);
	add(set, moved_number, EPOLLIN, 6);
	/* Added under a number that nobody has. */
	MUST(pipe2(ends, O_CLOEXEC) == 0);
	other = dup(ends[0]);
	add(set, other, EPOLLIN | EPOLLEXCLUSIVE, 7);
	close(other);

	add(outer, set, EPOLLIN, 8);

	/* It has fired, and waits for nothing until it is armed again. */
	raise_counter(once);
	MUST(one_event(set, EPOLLIN) == 3);
	lower_counter(once);
}

static void check_counter(int fd, uint64_t data)
{
	CHECK_EQUAL(one_event(set, EPOLLIN), 0);
	raise_counter(fd);
	/* The outer one first: to ask the inner may be to take what it has. */
	CHECK_EQUAL(one_event(outer, EPOLLIN), 8);
	CHECK_EQUAL(one_event(set, EPOLLIN), data);
	lower_counter(fd);
	CHECK_EQUAL(one_event(set, EPOLLIN), 0);
}

static void judge(void)
{
	struct epoll_event again = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 33 };
	char byte = 'x';

	drain(set);
	CHECK_EQUAL(one_event(outer, EPOLLIN), 0);
	check_counter(plain, 0x1111111122222222);
	check_counter(edge, 2);
	check_counter(moved, 5);
	check_counter(reused, 6);
	check_counter(armed, 4);

	CHECK_EQUAL(write(ends[1], &byte, 1), 1);
	CHECK_EQUAL(one_event(set, EPOLLIN), 7);
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);

	raise_counter(once);
	raise_counter(armed);
	CHECK_EQUAL(one_event(set, EPOLLIN), 0);
	CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_MOD, once, &again), 0);
	CHECK_EQUAL(one_event(set, EPOLLIN), 33);

	/* An edge is told once. */
	raise_counter(edge);
	CHECK_EQUAL(one_event(set, EPOLLIN), 2);
	CHECK_EQUAL(one_event(set, EPOLLIN), 0);
	CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_DEL, moved_number, NULL), 0);
	CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_DEL, plain, NULL), 0);
	raise_counter(plain);
	CHECK_EQUAL(one_event(set, EPOLLIN), 0);
}

int main(int argc, char **argv)
{
	witness_start(argc, argv);
	build();
	witness_ready();

	/* Each while the other stands still. */
	if (!witness_is_clone())
		judge();
	witness_meet("the source is done");
	if (witness_is_clone())
		judge();
	witness_meet("the clone is done");
	return witness_verdict();
}
