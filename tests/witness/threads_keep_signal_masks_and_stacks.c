// SPDX-License-Identifier: GPL-2.0-or-later
/* Signal masks and alternate signal stacks are each thread's own; a handler runs on the stack of its thread. */
#include "witness.h"

#define NR_THREADS 6
#define STACK_SIZE (64 * 1024)

static char stacks[NR_THREADS][STACK_SIZE];
static volatile int ready;
static __thread void *volatile handler_frame;

static void on_signal(int signal)
{
	(void)signal;
	handler_frame = __builtin_frame_address(0);
}

static void *body(void *argument)
{
	int mine = (int)(intptr_t)argument;
	stack_t stack = { .ss_sp = stacks[mine], .ss_size = STACK_SIZE }, got;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + mine);
	if (mine % 2)
		sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	MUST(mine == 0 || sigaltstack(&stack, NULL) == 0);
	__sync_fetch_and_add(&ready, 1);
	witness_wait_go();

	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &set) == 0);
	for (int i = 0; i < NR_THREADS; i++)
		CHECK_EQUAL(sigismember(&set, SIGRTMIN + i), i == mine);
	CHECK_EQUAL(sigismember(&set, SIGHUP), mine % 2);
	CHECK_EQUAL(sigismember(&set, SIGUSR1), 0);

	CHECK(sigaltstack(NULL, &got) == 0);
	if (mine == 0) {
		CHECK(got.ss_flags & SS_DISABLE);
		return NULL;
	}
	CHECK(got.ss_sp == stacks[mine] && got.ss_size == STACK_SIZE && !(got.ss_flags & SS_DISABLE));
	pthread_kill(pthread_self(), SIGUSR1);
	CHECK((char *)handler_frame > stacks[mine] && (char *)handler_frame < stacks[mine] + STACK_SIZE);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	pthread_t threads[NR_THREADS];
	sigset_t set;

	witness_start(argc, argv);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < NR_THREADS; i++)
		threads[i] = witness_thread(body, (void *)(intptr_t)i);
	AWAIT(ready == NR_THREADS);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGWINCH);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	witness_ready();

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	for (int i = 1; i < 32; i++)
		CHECK_EQUAL(sigismember(&set, i), i == SIGTERM || i == SIGWINCH);
	for (int i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	return witness_verdict();
}
