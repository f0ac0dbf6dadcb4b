// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * getpid(), gettid(), getppid() and the pids that waitpid() knows, as they were stored before. A child of a thread
 * that is not the leader stays that thread's, which only __WNOTHREAD can tell.
 */
#include "witness.h"

#define NR_CHILDREN 4
#define NR_THREADS 3

struct threaded {
	volatile pid_t tid, child;
	pthread_t thread;
};

static struct threaded threaded[NR_THREADS];
static pid_t root;

/* A child with a thread of its own, and a grandchild. */
static volatile pid_t thread_tid;

static void *child_thread(void *argument)
{
	pid_t pid = getpid();

	thread_tid = gettid();
	witness_wait_go();
	CHECK_EQUAL(gettid(), thread_tid);
	CHECK_EQUAL(getpid(), pid);
	CHECK_EQUAL(getppid(), root);
	return argument;
}

static int grandchild(void *argument)
{
	pid_t pid = getpid(), parent = getppid();

	witness_wait_go();
	CHECK_EQUAL(getpid(), pid);
	CHECK_EQUAL(getppid(), parent);
	return (int)(intptr_t)argument;
}

static int child(void *argument)
{
	pid_t pid = getpid(), tid = gettid(), below;
	pthread_t thread;

	below = witness_fork(grandchild, argument);
	thread = witness_thread(child_thread, NULL);
	AWAIT(thread_tid != 0);
	witness_wait_go();
	CHECK_EQUAL(getpid(), pid);
	CHECK_EQUAL(gettid(), tid);
	CHECK_EQUAL(getppid(), root);
	CHECK_EQUAL(pthread_join(thread, NULL), 0);
	witness_reap(below, EXITED((int)(intptr_t)argument));
	return (int)(intptr_t)argument + 50;
}

static void *with_child(void *argument)
{
	struct threaded *t = argument;
	pid_t tid = gettid();
	int status;

	t->child = witness_fork(grandchild, (void *)(intptr_t)9);
	t->tid = tid;
	witness_wait_go();
	CHECK_EQUAL(gettid(), tid);
	AWAIT(waitpid(t->child, &status, WNOHANG | __WNOTHREAD) != 0);
	CHECK_EQUAL(status, EXITED(9));
	CHECK(waitpid(-1, &status, WNOHANG | __WNOTHREAD) == -1 && errno == ECHILD);
	return NULL;
}

int main(int argc, char **argv)
{
	pid_t children[NR_CHILDREN], parent = getppid(), tid = gettid();

	witness_start(argc, argv);
	root = getpid();
	for (int i = 0; i < NR_CHILDREN; i++)
		children[i] = witness_fork(child, (void *)(intptr_t)i);
	for (int i = 0; i < NR_THREADS; i++) {
		threaded[i].thread = witness_thread(with_child, &threaded[i]);
		AWAIT(threaded[i].tid != 0);
	}
	/* Each child makes a grandchild and a thread. */
	witness_sleep_usec(200000);
	witness_ready();

	CHECK_EQUAL(getpid(), root);
	CHECK_EQUAL(gettid(), tid);
	CHECK_EQUAL(getppid(), witness_is_clone() ? 1 : parent);
	CHECK_EQUAL(syscall(SYS_tgkill, root, tid, 0), 0);
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threaded[i].thread, NULL);
	for (int i = NR_CHILDREN - 1; i >= 0; i--)
		witness_reap(children[i], EXITED(i + 50));
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	return witness_verdict();
}
