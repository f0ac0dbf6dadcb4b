// SPDX-License-Identifier: GPL-2.0-or-later
/* An epoll set of ten thousand entries: all of them are in the clone's, and report the clone's own. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "witness.h"

#define NR 10000

static int set, counters[NR];

int main(int argc, char **argv)
{
	static struct epoll_event got[NR + 1];
	struct rlimit limit = { NR + 100, NR + 100 };
	uint64_t one = 1;
	int n;

	witness_start(argc, argv);
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	set = epoll_create1(EPOLL_CLOEXEC);
	MUST(set >= 0);
	for (int i = 0; i < NR; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)i << 32 | 7 };

		counters[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		MUST(counters[i] >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, counters[i], &event) == 0);
	}
	witness_ready();

	/* The source's odd ones are ready, and the clone's even ones. */
	for (int i = !witness_is_clone(); i < NR; i += 2)
		CHECK_EQUAL(write(counters[i], &one, sizeof(one)), sizeof(one));
	witness_meet("raised");
	n = epoll_wait(set, got, NR + 1, 0);
	CHECK_EQUAL(n, NR / 2);
	for (int i = 0; i < n; i++) {
		uint64_t number = got[i].data.u64 >> 32;

		if (number >= NR || number % 2 == witness_is_clone() || got[i].events != EPOLLIN) {
			FAIL("event %d is of counter %llu", i, (unsigned long long)number);
			break;
		}
	}
	witness_meet("judged");
	return witness_verdict();
}
