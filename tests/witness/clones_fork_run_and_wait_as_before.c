// SPDX-License-Identifier: GPL-2.0-or-later
/* After the clone: new children, threads and programs, whose numbers are nobody else's; the vdso; orphans. */
#include <sched.h>
#include <time.h>

#include "witness.h"

#define NR_BEFORE 5
#define NR_AFTER 20

static pid_t before[NR_BEFORE];

static int waits(void *argument)
{
	witness_wait_go();
	return (int)(intptr_t)argument;
}

static int runs_a_program(void *argument)
{
	(void)argument;
	execl("/bin/sh", "sh", "-c", "exit 17", NULL);
	return 1;
}

static int ends(void *argument) { return (int)(intptr_t)argument; }

static void *thread_forks(void *argument)
{
	pid_t child = witness_fork(ends, (void *)(intptr_t)4);

	witness_reap(child, EXITED(4));
	return argument;
}

static void fresh(pid_t pid)
{
	CHECK(pid != getpid());
	for (int i = 0; i < NR_BEFORE; i++)
		CHECK(pid != before[i]);
}

int main(int argc, char **argv)
{
	struct timespec one, two;
	unsigned cpu, node;
	pthread_t thread;

	witness_start(argc, argv);
	for (int i = 0; i < NR_BEFORE; i++)
		before[i] = witness_fork(waits, (void *)(intptr_t)i);
	clock_gettime(CLOCK_MONOTONIC, &one);
	witness_ready();

	for (int i = 0; i < NR_AFTER; i++) {
		pid_t child = witness_fork(ends, (void *)(intptr_t)i);

		fresh(child);
		witness_reap(child, EXITED(i));
	}
	witness_reap(witness_fork(runs_a_program, NULL), EXITED(17));
	for (int i = 0; i < NR_AFTER; i++) {
		thread = witness_thread(thread_forks, NULL);
		CHECK_EQUAL(pthread_join(thread, NULL), 0);
	}
	CHECK_EQUAL(WEXITSTATUS(system("test $(echo a | cat) = a && exit 3")), 3);
	clock_gettime(CLOCK_MONOTONIC, &two);
	CHECK(two.tv_sec > one.tv_sec || (two.tv_sec == one.tv_sec && two.tv_nsec > one.tv_nsec));
	CHECK(getcpu(&cpu, &node) == 0 && cpu < 4096);
	for (int i = NR_BEFORE - 1; i >= 0; i--)
		witness_reap(before[i], EXITED(i));
	return witness_verdict();
}
