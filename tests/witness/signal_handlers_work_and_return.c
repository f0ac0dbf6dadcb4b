// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handlers that were installed before; and handlers that were running: they return to what they had interrupted, with
 * its registers and its mask.
 */
#include "witness.h"

static volatile sig_atomic_t plain, info_value, info_code, info_pid, inside, leave, nested;
static volatile uint64_t rounds;
static pthread_t computing;
static volatile bool wrong, stop;

static void on_plain(int signal)
{
	(void)signal;
	plain++;
}

static void on_info(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	info_value = info->si_value.sival_int;
	info_code = info->si_code;
	info_pid = info->si_pid;
}

/* Stays in the handler until it is told to leave; by then it has been cloned. */
static void on_long(int signal)
{
	sigset_t mask;

	(void)signal;
	inside = 1;
	while (!leave)
		__builtin_ia32_pause();
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	nested = sigismember(&mask, SIGUSR2) == 1 && sigismember(&mask, SIGUSR1) == 1;
	inside = 0;
}

static void *compute(void *argument)
{
	volatile double sum = 0;

	while (!stop) {
		double a = 1.5, b = 0;

		for (int i = 0; i < 1000; i++)
			b += a;
		if (b != 1500.0)
			wrong = true;
		sum = sum + b;
		rounds++;
	}
	return argument;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_plain };
	sigset_t mask;
	uint64_t before;

	witness_start(argc, argv);
	sigaction(SIGHUP, &action, NULL);
	action.sa_flags = SA_RESETHAND;
	sigaction(SIGWINCH, &action, NULL);
	action.sa_flags = SA_SIGINFO;
	action.sa_sigaction = on_info;
	sigaction(SIGRTMIN + 2, &action, NULL);
	action.sa_flags = 0;
	action.sa_handler = on_long;
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGQUIT, SIG_IGN);

	computing = witness_thread(compute, NULL);
	AWAIT(rounds > 0);
	MUST(pthread_kill(computing, SIGUSR1) == 0);
	AWAIT(inside);
	witness_ready();

	CHECK_EQUAL(inside, 1);
	before = rounds;
	leave = 1;
	AWAIT(!inside && rounds > before + 2);
	CHECK(nested && !wrong);

	CHECK_EQUAL(kill(getpid(), SIGHUP), 0);
	AWAIT(plain == 1);
	CHECK_EQUAL(raise(SIGWINCH), 0);
	CHECK_EQUAL(plain, 2);
	CHECK(sigaction(SIGWINCH, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
	CHECK_EQUAL(raise(SIGQUIT), 0);

	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 2);
	CHECK_EQUAL(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = 4711 }), 0);
	AWAIT(info_code != 0);
	CHECK_EQUAL(info_value, 4711);
	CHECK_EQUAL(info_code, SI_QUEUE);
	CHECK_EQUAL(info_pid, getpid());
	stop = true;
	CHECK_EQUAL(pthread_join(computing, NULL), 0);
	return witness_verdict();
}
