// SPDX-License-Identifier: GPL-2.0-or-later
/* What prctl() sets: names and timer slack per thread; subreaper, dumpable, pdeath_signal and others per process. */
#include <sys/prctl.h>

#include "witness.h"

#define NR_THREADS 4

static volatile int ready;

static void *body(void *argument)
{
	int mine = (int)(intptr_t)argument;
	char wanted[16], got[16];

	snprintf(wanted, sizeof(wanted), "wit ness) %d", mine);
	MUST(prctl(PR_SET_NAME, wanted) == 0);
	MUST(prctl(PR_SET_TIMERSLACK, 60000UL + (unsigned long)mine) == 0);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	CHECK_EQUAL(prctl(PR_GET_NAME, got), 0);
	if (strcmp(got, wanted) != 0)
		FAIL("the name is '%s', not '%s'", got, wanted);
	CHECK_EQUAL(prctl(PR_GET_TIMERSLACK), 60000 + mine);
	return NULL;
}

static int sleeper(void *argument)
{
	for (;;)
		pause();
	return argument != NULL;
}

static int pair[2];

/* Leaves a child of its own behind when it ends: that becomes the subreaper's. */
static int parent_of_orphan(void *argument)
{
	pid_t orphan;

	(void)argument;
	orphan = witness_fork(sleeper, NULL);
	MUST(write(pair[1], &orphan, sizeof(orphan)) == sizeof(orphan));
	witness_wait_go();
	return 5;
}

static int with_pdeath(void *argument)
{
	int signal = 0;

	(void)argument;
	MUST(prctl(PR_SET_PDEATHSIG, SIGWINCH) == 0);
	MUST(prctl(PR_SET_DUMPABLE, 0) == 0);
	witness_wait_go();
	CHECK_EQUAL(prctl(PR_GET_PDEATHSIG, &signal), 0);
	CHECK_EQUAL(signal, SIGWINCH);
	CHECK_EQUAL(prctl(PR_GET_DUMPABLE), 0);
	CHECK_EQUAL(prctl(PR_GET_CHILD_SUBREAPER, &signal), 0);
	CHECK_EQUAL(signal, 0);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_THREADS];
	pid_t parent, orphan, pdeath;
	int value = 0;
	char name[16];

	witness_start(argc, argv);
	MUST(pipe(pair) == 0);
	pdeath = witness_fork(with_pdeath, NULL);
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	parent = witness_fork(parent_of_orphan, NULL);
	MUST(read(pair[0], &orphan, sizeof(orphan)) == sizeof(orphan));
	MUST(prctl(PR_SET_NAME, "the witness") == 0);
	MUST(prctl(PR_SET_TIMERSLACK, 123456UL) == 0);
	MUST(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_KEEPCAPS, 1) == 0);
	MUST(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0) == 0);
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, (void *)(intptr_t)i);
	AWAIT(ready == NR_THREADS);
	witness_sleep_usec(100000);
	witness_ready();

	CHECK_EQUAL(prctl(PR_GET_NAME, name), 0);
	CHECK(strcmp(name, "the witness") == 0);
	CHECK_EQUAL(prctl(PR_GET_TIMERSLACK), 123456);
	CHECK_EQUAL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	CHECK_EQUAL(prctl(PR_GET_KEEPCAPS), 1);
	CHECK_EQUAL(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
	CHECK_EQUAL(prctl(PR_GET_DUMPABLE), 1);
	CHECK_EQUAL(prctl(PR_GET_CHILD_SUBREAPER, &value), 0);
	CHECK_EQUAL(value, 1);
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	witness_reap(pdeath, EXITED(0));
	witness_reap(parent, EXITED(5));
	CHECK(waitpid(orphan, &value, WNOHANG) == 0);
	CHECK_EQUAL(kill(orphan, SIGTERM), 0);
	witness_reap(orphan, SIGTERM);
	return witness_verdict();
}
