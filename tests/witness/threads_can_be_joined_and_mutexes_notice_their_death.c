// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's part in ending threads: clear_child_tid, on which pthread_join() waits (some joins have begun before the
 * clone), and the robust list, by which a mutex learns that its owner is dead.
 */
#include "witness.h"

#define NR_THREADS 5

static pthread_mutex_t robust = PTHREAD_MUTEX_INITIALIZER, inherited = PTHREAD_MUTEX_INITIALIZER;
static volatile int ready, joined;
static pthread_t threads[NR_THREADS];

static void *body(void *argument)
{
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	return argument;
}

static void *join_others(void *argument)
{
	*(volatile pid_t *)argument = gettid();
	for (int i = 0; i < NR_THREADS; i++) {
		void *result;

		CHECK_EQUAL(pthread_join(threads[i], &result), 0);
		CHECK(result == (void *)(intptr_t)(i + 100));
	}
	joined = 1;
	return NULL;
}

static void *die_as_owner(void *argument)
{
	(void)argument;
	MUST(pthread_mutex_lock(&robust) == 0);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	return NULL;
}

/* Owner of a mutex with priority inheritance, whose word in memory is the owner's tid. */
static void *own_for_a_while(void *argument)
{
	(void)argument;
	MUST(pthread_mutex_lock(&inherited) == 0);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	CHECK_EQUAL(pthread_mutex_unlock(&inherited), 0);
	return NULL;
}

static void *want_inherited(void *argument)
{
	*(volatile pid_t *)argument = gettid();
	CHECK_EQUAL(pthread_mutex_lock(&inherited), 0);
	CHECK_EQUAL(pthread_mutex_unlock(&inherited), 0);
	return NULL;
}

int main(int argc, char **argv)
{
	static volatile pid_t joiner_tid, wanter_tid;
	pthread_t joiner, dying, owner, wanter;
	pthread_mutexattr_t attributes;

	witness_start(argc, argv);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attributes);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inherited, &attributes);

	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, (void *)(intptr_t)(i + 100));
	dying = witness_thread(die_as_owner, NULL);
	owner = witness_thread(own_for_a_while, NULL);
	AWAIT(ready == NR_THREADS + 2);
	joiner = witness_thread(join_others, (void *)&joiner_tid);
	wanter = witness_thread(want_inherited, (void *)&wanter_tid);
	AWAIT(joiner_tid && wanter_tid);
	witness_await_call(joiner_tid, SYS_futex);
	witness_await_call(wanter_tid, SYS_futex);
	witness_ready();

	AWAIT(joined);
	CHECK_EQUAL(pthread_join(joiner, NULL), 0);
	CHECK_EQUAL(pthread_join(dying, NULL), 0);
	CHECK_EQUAL(pthread_mutex_lock(&robust), EOWNERDEAD);
	CHECK_EQUAL(pthread_mutex_consistent(&robust), 0);
	CHECK_EQUAL(pthread_mutex_unlock(&robust), 0);
	CHECK_EQUAL(pthread_mutex_lock(&robust), 0);
	CHECK_EQUAL(pthread_join(owner, NULL), 0);
	CHECK_EQUAL(pthread_join(wanter, NULL), 0);
	return witness_verdict();
}
