// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals that were sent before the clone and not yet taken: for the process and for one thread, real-time ones queued in
 * their order, each with its siginfo; each side takes each of them exactly once. Also one that a handler is to get.
 */
#include "witness.h"

enum { NR_QUEUED = 40 };

static pthread_t thread;
static pid_t thread_tid;
static volatile sig_atomic_t handled, handled_value;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	handled++;
	handled_value = info->si_value.sival_int;
}

static int take(int signal, siginfo_t *info)
{
	struct timespec now = { 0 };
	sigset_t set;

	memset(info, 0, sizeof(*info));
	sigemptyset(&set);
	sigaddset(&set, signal);
	return sigtimedwait(&set, info, &now);
}

/* Its own signals, and not its neighbour's. */
static void *thread_body(void *argument)
{
	siginfo_t info;

	(void)argument;
	__atomic_store_n(&thread_tid, gettid(), __ATOMIC_RELEASE);
	witness_wait_go();
	CHECK_EQUAL(take(SIGRTMIN + 2, &info), SIGRTMIN + 2);
	CHECK_EQUAL(info.si_pid, getpid());
	CHECK_EQUAL(take(SIGRTMIN + 2, &info), -1);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	siginfo_t info;
	sigset_t all, one;
	int outside = 0;
	pid_t child;

	witness_start(argc, argv);
	sigfillset(&all);
	MUST(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
	MUST(sigaction(SIGUSR2, &action, NULL) == 0);
	thread = witness_thread(thread_body, NULL);
	while (!__atomic_load_n(&thread_tid, __ATOMIC_ACQUIRE))
		witness_sleep_usec(1000);

	for (int i = 0; i < NR_QUEUED; i++)
		MUST(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i }) == 0);
	MUST(kill(getpid(), SIGUSR1) == 0);
	MUST(kill(getpid(), SIGUSR1) == 0); /* one of a kind */
	MUST(sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 4711 }) == 0);
	MUST(syscall(SYS_tgkill, getpid(), thread_tid, SIGRTMIN + 2) == 0);
	MUST(syscall(SYS_tgkill, getpid(), gettid(), SIGTERM) == 0);
	child = fork();
	MUST(child >= 0);
	if (child == 0)
		_exit(21);
	MUST(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	witness_ready();

	for (int i = 0; i < NR_QUEUED; i++) {
		CHECK_EQUAL(take(SIGRTMIN + 1, &info), SIGRTMIN + 1);
		CHECK_EQUAL(info.si_code, SI_QUEUE);
		CHECK_EQUAL(info.si_value.sival_int, i);
		CHECK_EQUAL(info.si_pid, getpid());
		CHECK_EQUAL(info.si_uid, getuid());
	}
	CHECK_EQUAL(take(SIGRTMIN + 1, &info), -1);
	CHECK_EQUAL(take(SIGUSR1, &info), SIGUSR1);
	CHECK_EQUAL(info.si_code, SI_USER);
	CHECK_EQUAL(take(SIGUSR1, &info), -1);
	CHECK_EQUAL(take(SIGTERM, &info), SIGTERM);
	CHECK_EQUAL(take(SIGCHLD, &info), SIGCHLD);
	CHECK_EQUAL(info.si_pid, child);
	CHECK_EQUAL(info.si_status, 21);
	CHECK_EQUAL(info.si_code, CLD_EXITED);
	witness_reap(child, EXITED(21));
	pthread_join(thread, NULL);

	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	CHECK_EQUAL(handled, 0);
	CHECK(sigprocmask(SIG_UNBLOCK, &one, NULL) == 0);
	CHECK_EQUAL(handled, 1);
	CHECK_EQUAL(handled_value, 4711);

	/* Nothing else has come. */
	sigpending(&one);
	for (int signal = 1; signal < SIGRTMAX; signal++)
		outside += sigismember(&one, signal);
	CHECK_EQUAL(outside, 0);
	return witness_verdict();
}
