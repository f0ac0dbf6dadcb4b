// SPDX-License-Identifier: GPL-2.0-or-later
/* Many threads of one process, each of which waits for the one before it. */
#include "witness.h"

#define NR_THREADS 300

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned[NR_THREADS + 1];
static int turn, ready;
static __thread int mine;

static void *body(void *argument)
{
	pid_t tid = gettid();

	mine = (int)(intptr_t)argument;
	pthread_mutex_lock(&lock);
	ready++;
	/* Each gives the turn to the next, and the first begins after the clone. */
	while (turn != mine)
		pthread_cond_wait(&turned[mine], &lock);
	turn++;
	pthread_cond_signal(&turned[turn]);
	pthread_mutex_unlock(&lock);
	return (void *)(intptr_t)(gettid() == tid ? mine : -1);
}

int main(int argc, char **argv)
{
	static pthread_t threads[NR_THREADS];
	volatile int *all = &ready;

	witness_start(argc, argv);
	turn = -1;
	for (int i = 0; i <= NR_THREADS; i++)
		pthread_cond_init(&turned[i], NULL);
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, (void *)(intptr_t)i);
	AWAIT(*all == NR_THREADS);
	witness_ready();

	pthread_mutex_lock(&lock);
	turn = 0;
	pthread_cond_signal(&turned[0]);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < NR_THREADS; i++) {
		void *result = NULL;

		CHECK_EQUAL(pthread_join(threads[i], &result), 0);
		CHECK_EQUAL((intptr_t)result, i);
	}
	CHECK_EQUAL(turn, NR_THREADS);
	return witness_verdict();
}
