// SPDX-License-Identifier: GPL-2.0-or-later
/* Thread-local variables, the base of %fs under them, a base of %gs per thread, and pthread keys. */
#include <asm/prctl.h>

#include "witness.h"

#define NR_THREADS 8

static __thread int number = -1;
static __thread char filler[4096];
static pthread_key_t key;
static volatile int ready;
static long words[NR_THREADS];

static void *body(void *argument)
{
	int mine = (int)(intptr_t)argument;
	unsigned long fs, gs, now;
	long through_gs;

	number = mine;
	memset(filler, mine, sizeof(filler));
	pthread_setspecific(key, &words[mine]);
	words[mine] = 1000 + mine;
	MUST(syscall(SYS_arch_prctl, ARCH_SET_GS, &words[mine]) == 0);
	MUST(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs) == 0);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();

	CHECK_EQUAL(number, mine);
	for (size_t i = 0; i < sizeof(filler); i++)
		if (filler[i] != mine) {
			FAIL("byte %zu of thread %d's storage is %d", i, mine, filler[i]);
			break;
		}
	CHECK(pthread_getspecific(key) == &words[mine]);
	CHECK(syscall(SYS_arch_prctl, ARCH_GET_FS, &now) == 0 && now == fs);
	CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs) == 0 && gs == (unsigned long)&words[mine]);
	__asm__ volatile("movq %%gs:0, %0" : "=r"(through_gs));
	CHECK_EQUAL(through_gs, 1000 + mine);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_THREADS];

	witness_start(argc, argv);
	MUST(pthread_key_create(&key, NULL) == 0);
	number = 77;
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, (void *)(intptr_t)i);
	AWAIT(ready == NR_THREADS);
	witness_ready();

	CHECK_EQUAL(number, 77);
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	return witness_verdict();
}
