// SPDX-License-Identifier: GPL-2.0-or-later
/* The area that glibc registers for each thread: the kernel still keeps the number of the processor in it. */
#include <sched.h>
#include <sys/rseq.h>

#include "witness.h"

#define NR_THREADS 3

static volatile int ready;

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_EQUAL(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void judge(void)
{
	cpu_set_t all;

	CHECK_EQUAL(sched_getaffinity(0, sizeof(all), &all), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		move_to(cpu);
		CHECK_EQUAL(*(volatile uint32_t *)&area()->cpu_id, cpu);
	}
	/* A second area is refused only as long as the first is there. */
	CHECK(syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG) == -1 && errno != ENOSYS);
}

static void *body(void *argument)
{
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();
	judge();
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_THREADS];

	witness_start(argc, argv);
	if (!__rseq_size)
		witness_skip("this libc registers no restartable sequences");
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, NULL);
	AWAIT(ready == NR_THREADS);
	witness_ready();

	judge();
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	return witness_verdict();
}
