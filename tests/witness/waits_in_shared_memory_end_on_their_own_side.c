// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that wait for each other by process-shared semaphores, conditions and futexes: each side wakes its own. */
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/mman.h>

#include "witness.h"

#define NR_WAITERS 3

static struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	sem_t semaphore;
	uint32_t futex;
	bool condition;
	pthread_mutex_t robust;
	volatile int woken[NR_WAITERS];
	volatile pid_t waiter[NR_WAITERS];
} *shared;

static long futex(uint32_t *word, int operation, uint32_t value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static int wait_for_condition(void *argument)
{
	(void)argument;
	shared->waiter[0] = getpid();
	pthread_mutex_lock(&shared->mutex);
	while (!shared->condition)
		pthread_cond_wait(&shared->changed, &shared->mutex);
	pthread_mutex_unlock(&shared->mutex);
	shared->woken[0]++;
	return 0;
}

static int wait_for_semaphore(void *argument)
{
	(void)argument;
	shared->waiter[1] = getpid();
	while (sem_wait(&shared->semaphore) < 0)
		FAIL("sem_wait() is interrupted (errno %d)", errno);
	shared->woken[1]++;
	return 0;
}

static int wait_for_futex(void *argument)
{
	(void)argument;
	shared->waiter[2] = getpid();
	while (shared->futex == 0)
		if (futex(&shared->futex, FUTEX_WAIT, 0) < 0 && errno != EAGAIN)
			FAIL("FUTEX_WAIT fails (errno %d)", errno);
	shared->woken[2]++;
	return 0;
}

static int die_with_mutex(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&shared->robust);
	witness_wait_go();
	return 0;
}

static void wake_all(void)
{
	pthread_mutex_lock(&shared->mutex);
	shared->condition = true;
	pthread_cond_broadcast(&shared->changed);
	pthread_mutex_unlock(&shared->mutex);
	sem_post(&shared->semaphore);
	shared->futex = 1;
	futex(&shared->futex, FUTEX_WAKE, 1);
}

static void shared_build(void)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t condition;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(shared != MAP_FAILED);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	MUST(pthread_mutex_init(&shared->mutex, &mutex) == 0);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	MUST(pthread_mutex_init(&shared->robust, &mutex) == 0);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	MUST(pthread_cond_init(&shared->changed, &condition) == 0);
	MUST(sem_init(&shared->semaphore, 1, 0) == 0);
}

int main(int argc, char **argv)
{
	static int (*const waiters[NR_WAITERS])(void *) = { wait_for_condition, wait_for_semaphore, wait_for_futex };
	pid_t children[NR_WAITERS], holder;

	witness_start(argc, argv);
	shared_build();
	for (size_t i = 0; i < NR_WAITERS; i++) {
		children[i] = witness_fork(waiters[i], NULL);
		while (!shared->waiter[i])
			witness_sleep_usec(1000);
	}
	holder = witness_fork(die_with_mutex, NULL);
	while (pthread_mutex_trylock(&shared->robust) == 0) {
		pthread_mutex_unlock(&shared->robust);
		witness_sleep_usec(1000);
	}
	witness_ready();

	if (!witness_is_clone()) {
		wake_all();
		for (size_t i = 0; i < NR_WAITERS; i++)
			witness_reap(children[i], EXITED(0));
	}
	witness_meet("the source has woken its own");
	if (witness_is_clone()) {
		for (size_t i = 0; i < NR_WAITERS; i++)
			CHECK_EQUAL(shared->woken[i], 0);
		wake_all();
		for (size_t i = 0; i < NR_WAITERS; i++)
			witness_reap(children[i], EXITED(0));
	}
	for (size_t i = 0; i < NR_WAITERS; i++)
		CHECK_EQUAL(shared->woken[i], 1);
	witness_reap(holder, EXITED(0));
	CHECK_EQUAL(pthread_mutex_lock(&shared->robust), EOWNERDEAD);
	return witness_verdict();
}
