// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process groups and sessions as they were, by their stored numbers; a signal to a group, or to all, stays on its side.
 */
#include "witness.h"

enum { OWN_SESSION, OWN_GROUP, SAME_GROUP, PLAIN, NR };

static volatile sig_atomic_t signals;
static pid_t pids[NR], inside;
static int channel[NR][2];

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static int inside_session(void *argument)
{
	(void)argument;
	witness_wait_go();
	CHECK_EQUAL(getsid(0), getppid());
	CHECK_EQUAL(getpgid(0), getppid());
	AWAIT(signals == 1);
	witness_sleep_usec(300000);
	CHECK_EQUAL(signals, 1);
	return 0;
}

static int child(void *argument)
{
	int kind = (int)(intptr_t)argument;
	pid_t pid = getpid(), root = getppid(), below = 0;

	if (kind == OWN_SESSION) {
		MUST(setsid() == pid);
		below = witness_fork(inside_session, NULL);
	}
	if (kind == OWN_GROUP)
		MUST(setpgid(0, 0) == 0);
	if (kind == SAME_GROUP) {
		while (getpgid(pids[OWN_GROUP]) != pids[OWN_GROUP])
			witness_sleep_usec(1000);
		MUST(setpgid(0, pids[OWN_GROUP]) == 0);
	}
	MUST(write(channel[kind][1], "r", 1) == 1);
	witness_wait_go();

	CHECK_EQUAL(getpid(), pid);
	switch (kind) {
	case OWN_SESSION:
		CHECK_EQUAL(getsid(0), pid);
		CHECK_EQUAL(getpgid(0), pid);
		break;
	case OWN_GROUP:
		CHECK_EQUAL(getpgid(0), pid);
		CHECK_EQUAL(getsid(0), getsid(root));
		break;
	case SAME_GROUP:
		CHECK_EQUAL(getpgid(0), pids[OWN_GROUP]);
		break;
	}
	/* One from the root of this side; one more would be the other side's. */
	if (kind != PLAIN) {
		AWAIT(signals == 1);
		witness_sleep_usec(300000);
		CHECK_EQUAL(signals, 1);
	}
	if (below)
		witness_reap(below, EXITED(0));
	return 20 + kind;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pid_t session, group;
	char got;

	witness_start(argc, argv);
	sigaction(SIGUSR1, &action, NULL);
	session = getsid(0);
	group = getpgid(0);
	MUST(group == getpid());
	for (int i = 0; i < NR; i++) {
		MUST(pipe(channel[i]) == 0);
		pids[i] = witness_fork(child, (void *)(intptr_t)i);
		MUST(read(channel[i][0], &got, 1) == 1);
	}
	inside = pids[OWN_SESSION];
	witness_ready();

	CHECK_EQUAL(getpgid(0), group);
	CHECK_EQUAL(getsid(0), session);
	CHECK_EQUAL(getsid(inside), inside);
	CHECK_EQUAL(getpgid(pids[SAME_GROUP]), pids[OWN_GROUP]);
	CHECK_EQUAL(kill(-pids[OWN_GROUP], SIGUSR1), 0);
	CHECK_EQUAL(kill(-inside, SIGUSR1), 0);
	/* Only members of the own session may be moved about: groups of it are known. */
	CHECK_EQUAL(setpgid(pids[PLAIN], pids[OWN_GROUP]), 0);
	CHECK_EQUAL(getpgid(pids[PLAIN]), pids[OWN_GROUP]);
	for (int i = 0; i < NR; i++)
		witness_reap(pids[i], EXITED(20 + i));
	/* The root itself leads the group that it was started with. */
	CHECK_EQUAL(kill(0, SIGUSR1), 0);
	CHECK_EQUAL(signals, 1);
	witness_meet("signalled");
	CHECK_EQUAL(signals, 1);
	return witness_verdict();
}
