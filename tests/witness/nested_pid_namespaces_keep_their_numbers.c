// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A container in the tree: a child that is pid 1 of a pid namespace, with processes and a namespace once more below it. Each
 * keeps its number at every level; parents wait for the numbers that they know; the end of a pid 1 is the end of its own
 * namespace, on its side only; and children that come later are born where they would have been.
 */
#include <sched.h>

#include "witness.h"

static pid_t namespace_fork(int (*body)(void *), void *argument)
{
	pid_t pid;

	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	MUST(pid >= 0);
	if (pid == 0)
		_exit(body(argument));
	return pid;
}

static void *idle(void *argument)
{
	pid_t *tid = argument;
	pid_t before = gettid();

	__atomic_store_n(tid, before, __ATOMIC_RELEASE);
	witness_wait_go();
	CHECK_EQUAL(syscall(SYS_gettid), before);
	return NULL;
}

static int sleeper(void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 1;
}

static int answer(void *argument)
{
	return getpid() == 1 ? 100 : (int)(intptr_t)argument;
}

/* pid 1 two levels down. */
static int innermost(void *argument)
{
	pid_t child = witness_fork(sleeper, NULL);

	(void)argument;
	witness_wait_go();
	CHECK_EQUAL(getpid(), 1);
	CHECK_EQUAL(getppid(), 0);
	CHECK_EQUAL(child, 2);
	CHECK(kill(child, 0) == 0);
	return 31;
}

/* pid 1 one level down: with a thread, children, an orphan that it adopts, and a namespace of its own below. */
static int container(void *argument)
{
	pid_t tid = 0, child, zombie, inner, late;
	pthread_t thread;
	siginfo_t info;

	(void)argument;
	thread = witness_thread(idle, &tid);
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		witness_sleep_usec(1000);
	child = witness_fork(sleeper, NULL);
	zombie = witness_fork(answer, (void *)(intptr_t)9);
	MUST(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT) == 0);
	inner = namespace_fork(innermost, NULL);
	witness_wait_go();

	CHECK_EQUAL(getpid(), 1);
	CHECK_EQUAL(getppid(), 0);
	CHECK_EQUAL(tid, 2);
	CHECK_EQUAL(child, 3);
	witness_reap(zombie, EXITED(9));
	witness_reap(inner, EXITED(31));
	CHECK(kill(child, SIGTERM) == 0);
	witness_reap(child, SIGTERM);
	late = witness_fork(answer, (void *)(intptr_t)8);
	CHECK(late > 1);
	witness_reap(late, EXITED(8));
	pthread_join(thread, NULL);
	/* Its end takes this one along. */
	witness_fork(sleeper, NULL);
	return 30;
}

int main(int argc, char **argv)
{
	pid_t own = getpid(), outer, unshared, first;

	witness_start(argc, argv);
	outer = namespace_fork(container, NULL);

	/* The root's own children are born in another namespace than it is in. */
	MUST(unshare(CLONE_NEWPID) == 0);
	unshared = witness_fork(sleeper, NULL);
	first = witness_fork(sleeper, NULL);
	witness_ready();

	CHECK_EQUAL(getpid(), own);
	witness_reap(outer, EXITED(30));
	CHECK(kill(first, SIGKILL) == 0);
	witness_reap(first, SIGKILL);
	first = fork();
	if (first == 0)
		_exit(getpid() == 3 ? 5 : getpid());
	witness_reap(first, EXITED(5));
	CHECK(kill(unshared, SIGKILL) == 0);
	witness_reap(unshared, SIGKILL);
	return witness_verdict();
}
