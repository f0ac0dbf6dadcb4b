// SPDX-License-Identifier: GPL-2.0-or-later
/* Children that ended before the clone and were not waited for: same pid, same status, in the order of their birth. */
#include "witness.h"

#define NR 6

static int end(void *argument)
{
	int n = (int)(intptr_t)argument;

	if (n % 2)
		kill(getpid(), n == 1 ? SIGKILL : SIGTERM);
	return 40 + n;
}

static int wanted(int n) { return n % 2 ? (n == 1 ? SIGKILL : SIGTERM) : EXITED(40 + n); }

/* A child that has a zombie too. */
static int child(void *argument)
{
	pid_t zombie = witness_fork(end, (void *)(intptr_t)2);
	siginfo_t info;

	(void)argument;
	MUST(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT) == 0);
	witness_wait_go();
	witness_reap(zombie, wanted(2));
	return 3;
}

int main(int argc, char **argv)
{
	pid_t zombies[NR], last;
	siginfo_t info = { 0 };
	int status;

	witness_start(argc, argv);
	for (int i = 0; i < NR; i++)
		zombies[i] = witness_fork(end, (void *)(intptr_t)i);
	last = witness_fork(child, NULL);
	for (int i = 0; i < NR; i++)
		MUST(waitid(P_PID, (id_t)zombies[i], &info, WEXITED | WNOWAIT) == 0);
	witness_sleep_usec(100000);
	witness_ready();

	/* Looked at, by waitid() which tells all of it. */
	CHECK_EQUAL(waitid(P_PID, (id_t)zombies[NR - 1], &info, WEXITED | WNOWAIT), 0);
	CHECK_EQUAL(info.si_pid, zombies[NR - 1]);
	CHECK_EQUAL(info.si_code, CLD_KILLED);
	CHECK_EQUAL(info.si_status, SIGTERM);
	CHECK_EQUAL(kill(zombies[0], 0), 0);
	witness_reap(last, EXITED(3));
	for (int i = 0; i < NR; i++) {
		CHECK_EQUAL(waitpid(-1, &status, 0), zombies[i]);
		CHECK_EQUAL(status, wanted(i));
	}
	CHECK(waitpid(zombies[0], &status, 0) == -1 && errno == ECHILD);
	CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
	CHECK(kill(zombies[0], 0) == -1 && errno == ESRCH);
	return witness_verdict();
}
