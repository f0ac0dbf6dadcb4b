// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that hand work to each other all the time, by all that pthreads have for it; none is lost in the clone. */
#include <semaphore.h>

#include "witness.h"

#define NR_THREADS 6
#define MORE 300

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t ping, pong;
static volatile bool stop;
static volatile uint64_t handed, balls, barriers;
static uint64_t guarded[2];

static void *conditions(void *argument)
{
	uint64_t parity = (uint64_t)(uintptr_t)argument;

	pthread_mutex_lock(&lock);
	while (!stop) {
		while (handed % 2 != parity && !stop)
			pthread_cond_wait(&changed, &lock);
		handed++;
		pthread_rwlock_wrlock(&rwlock);
		guarded[0]++;
		guarded[1]++;
		pthread_rwlock_unlock(&rwlock);
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *semaphores(void *argument)
{
	sem_t *take = argument ? &ping : &pong, *give = argument ? &pong : &ping;

	while (!stop) {
		sem_wait(take);
		pthread_rwlock_rdlock(&rwlock);
		if (guarded[0] != guarded[1])
			FAIL("a reader saw a writer's half");
		pthread_rwlock_unlock(&rwlock);
		balls++;
		sem_post(give);
	}
	sem_post(give);
	return NULL;
}

/* The first decides between two barriers whether there is another round, so that both leave together. */
static void *barriers_body(void *argument)
{
	static bool last;

	do {
		pthread_barrier_wait(&barrier);
		if (argument) {
			barriers++;
			last = stop;
		}
		pthread_barrier_wait(&barrier);
	} while (!last);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_THREADS];
	uint64_t h, s, b;

	witness_start(argc, argv);
	sem_init(&ping, 0, 1);
	sem_init(&pong, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++) {
		threads[i] = witness_thread(conditions, (void *)(intptr_t)i);
		threads[2 + i] = witness_thread(semaphores, (void *)(intptr_t)i);
		threads[4 + i] = witness_thread(barriers_body, (void *)(intptr_t)i);
	}
	AWAIT(handed > 10 && balls > 10 && barriers > 10);
	witness_ready();

	h = handed;
	s = balls;
	b = barriers;
	AWAIT(handed > h + MORE && balls > s + MORE && barriers > b + MORE);
	pthread_mutex_lock(&lock);
	stop = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	return witness_verdict();
}
