// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parents inside vfork(): with one thread, with others that run on, and with one that has a child of its own inside; whose
 * children end, or run a program. Nobody returns before that, on neither side, and then with the child's pid.
 */
#include <sys/mman.h>
#include <time.h>

#include "witness.h"

enum { PLAIN, EXEC, THREADED, NESTED, NR_CASES };

static struct {
	volatile int go;
	struct {
		volatile pid_t parent, child, got;
		volatile int inside, over, returned, status, seen, ticks;
	} cases[NR_CASES];
} *page;

/* The child has its parent's memory, stack and thread-local storage. */
static void child_wait(int n)
{
	const struct timespec moment = { .tv_nsec = 2000000 };

	page->cases[n].child = (pid_t)syscall(SYS_getpid);
	page->cases[n].inside = 1;
	while (!page->go)
		syscall(SYS_nanosleep, &moment, NULL);
	/* Time for a parent that does not wait. */
	for (int i = 0; i < 100; i++)
		syscall(SYS_nanosleep, &moment, NULL);
	page->cases[n].seen = page->cases[n].returned;
	page->cases[n].over = 1;
}

static int vfork_once(int n)
{
	volatile int local = 0;
	pid_t child = vfork();

	if (child == 0) {
		child_wait(n);
		local = 11;
		if (n == EXEC)
			execl("/bin/sh", "sh", "-c", "exit 5", NULL);
		_exit(n == EXEC ? 99 : 5);
	}
	page->cases[n].got = child;
	page->cases[n].returned = page->cases[n].over ? 1 : 2;
	if (local != 11 || waitpid(child, (int *)&page->cases[n].status, 0) != child)
		return 1;
	return 7;
}

static void *thread_vfork(void *argument)
{
	return (void *)(intptr_t)vfork_once((int)(intptr_t)argument);
}

static int case_body(void *argument)
{
	int n = (int)(intptr_t)argument;
	void *result;
	pthread_t t;

	page->cases[n].parent = getpid();
	if (n == THREADED) {
		t = witness_thread(thread_vfork, argument);
		while (!page->cases[n].returned) {
			page->cases[n].ticks++;
			witness_sleep_usec(2000);
		}
		pthread_join(t, &result);
		return (int)(intptr_t)result;
	}
	if (n == NESTED) {
		/* A child inside vfork() that is inside vfork() itself. */
		volatile int inner = 0;
		pid_t child = vfork();

		if (child == 0) {
			inner = vfork_once(n);
			_exit(inner);
		}
		int status;
		return waitpid(child, &status, 0) == child && status == EXITED(7) && inner == 7 ? 7 : 1;
	}
	return vfork_once(n);
}

int main(int argc, char **argv)
{
	pid_t children[NR_CASES];
	int ticks;

	witness_start(argc, argv);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED);
	for (int n = 0; n < NR_CASES; n++)
		children[n] = witness_fork(case_body, (void *)(intptr_t)n);
	for (int n = 0; n < NR_CASES; n++)
		AWAIT(page->cases[n].inside);
	witness_ready();

	ticks = page->cases[THREADED].ticks;
	witness_sleep_usec(300000);
	for (int n = 0; n < NR_CASES; n++)
		CHECK_EQUAL(page->cases[n].returned, 0);
	CHECK(page->cases[THREADED].ticks > ticks);
	page->go = 1;
	for (int n = 0; n < NR_CASES; n++) {
		AWAIT(page->cases[n].returned);
		CHECK_EQUAL(page->cases[n].returned, 1);
		CHECK_EQUAL(page->cases[n].seen, 0);
		CHECK_EQUAL(page->cases[n].got, page->cases[n].child);
		CHECK_EQUAL(page->cases[n].parent, children[n]);
		witness_reap(children[n], EXITED(7));
		CHECK_EQUAL(page->cases[n].status, EXITED(5));
	}
	return witness_verdict();
}
