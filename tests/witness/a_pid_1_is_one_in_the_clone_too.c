// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root of the tree is pid 1 of a pid namespace, as in a container: so it is in the clone, and everybody in it keeps its
 * number. What loses its parent becomes its child, and no signal without a handler ends it.
 */
#include <sched.h>

#include "witness.h"

static int middle(void *argument)
{
	pid_t orphan = witness_fork(argument, NULL);

	return orphan > 0 ? 0 : 1;
}

static int orphan(void *argument)
{
	(void)argument;
	witness_wait_go();
	CHECK_EQUAL(getppid(), 1);
	return 12;
}

static int sleeper(void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 1;
}

int main(int argc, char **argv)
{
	pid_t pid, child;
	int status;

	witness_start(argc, argv);
	/* The runner clones the child: it finds it as the only one of this process. */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	MUST(pid >= 0);
	if (pid > 0) {
		witness_root_is(pid);
		MUST(waitpid(pid, &status, 0) == pid);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}

	witness_home();
	witness_reap(witness_fork(middle, orphan), EXITED(0));
	child = witness_fork(sleeper, NULL);
	witness_ready();

	CHECK_EQUAL(getpid(), 1);
	CHECK_EQUAL(child, 4);
	CHECK(kill(getpid(), SIGTERM) == 0);	/* pid 1 is not ended by its own */
	CHECK(kill(child, SIGUSR1) == 0);
	witness_reap(child, SIGUSR1);
	CHECK_EQUAL(waitpid(-1, &status, 0), 3);
	CHECK_EQUAL(status, EXITED(12));
	return witness_verdict();
}
