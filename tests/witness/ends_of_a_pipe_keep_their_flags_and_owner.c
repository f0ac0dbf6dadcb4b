// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pipe whose ends are open more than once, each with flags of its own, shared among processes; and who is told when
 * there is something to be read (O_ASYNC, F_SETOWN, F_SETSIG): on each side its own process, group or thread, once.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "witness.h"

#define NUMBER 100	/* a descriptor that nobody else has */

enum { PROCESS, GROUP, THREAD, NR_OWNED };

static volatile sig_atomic_t told[NR_OWNED];
static volatile sig_atomic_t strangers;
static int owned[NR_OWNED][2];
static volatile pid_t thread_tid;
static pid_t told_tid[NR_OWNED];

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	for (int i = 0; i < NR_OWNED; i++)
		if (signal == SIGRTMIN + i && info->si_fd == owned[i][0]) {
			told[i]++;
			told_tid[i] = gettid();
			return;
		}
	strangers++;
}

static int open_again(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags);
	MUST(again >= 0);
	return again;
}

static void *wait_for_signal(void *argument)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + THREAD);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	thread_tid = gettid();
	while (!told[THREAD])
		witness_sleep_usec(5000);
	return argument;
}

static void owner_set(int i, int type, pid_t pid)
{
	struct f_owner_ex owner = { .type = type, .pid = pid };

	MUST(pipe2(owned[i], O_NONBLOCK) == 0);
	MUST(fcntl(owned[i][0], F_SETOWN_EX, &owner) == 0);
	MUST(fcntl(owned[i][0], F_SETSIG, SIGRTMIN + i) == 0);
	MUST(fcntl(owned[i][0], F_SETFL, O_NONBLOCK | O_ASYNC) == 0);
}

static void owner_check(int i, int type, pid_t pid)
{
	struct f_owner_ex owner = { .type = -1 };

	CHECK_EQUAL(fcntl(owned[i][0], F_GETOWN_EX, &owner), 0);
	CHECK_EQUAL(owner.type, type);
	CHECK_EQUAL(owner.pid, pid);
	CHECK_EQUAL(fcntl(owned[i][0], F_GETSIG), SIGRTMIN + i);
	CHECK_EQUAL(fcntl(owned[i][0], F_GETFL), O_NONBLOCK | O_ASYNC);
	CHECK_EQUAL(fcntl(owned[i][1], F_GETFL), O_WRONLY | O_NONBLOCK);
}

/* The child has the very same descriptions: what it changes, the parent sees. */
static int inherit(void *argument)
{
	const int *fds = argument;
	char byte;

	witness_wait_go();
	CHECK_EQUAL(read(fds[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 'p');
	CHECK_EQUAL(fcntl(fds[2], F_SETFL, O_NONBLOCK), 0);
	CHECK_EQUAL(write(fds[1], "c", 1), 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	int ends[2], slow, both, quick, down[2], up[2], shared[3];
	pthread_t thread;
	sigset_t mask;
	pid_t child;
	char byte;

	witness_start(argc, argv);
	for (int i = 0; i < NR_OWNED; i++)
		sigaction(SIGRTMIN + i, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + THREAD);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	setpgid(0, 0);
	thread = witness_thread(wait_for_signal, &mask);
	AWAIT(thread_tid);
	owner_set(PROCESS, F_OWNER_PID, getpid());
	owner_set(GROUP, F_OWNER_PGRP, getpgrp());
	owner_set(THREAD, F_OWNER_TID, thread_tid);

	MUST(pipe(down) == 0 && pipe(up) == 0);
	shared[0] = down[0];
	shared[1] = up[1];
	shared[2] = up[0];
	child = witness_fork(inherit, shared);

	/* These the child has not. */
	MUST(pipe(ends) == 0);
	slow = open_again(ends[0], O_RDONLY);
	quick = open_again(ends[0], O_RDONLY | O_NONBLOCK);
	both = open_again(ends[1], O_RDWR);
	MUST(fcntl(ends[1], F_SETFL, O_DIRECT) == 0);
	MUST(dup3(quick, NUMBER, O_CLOEXEC) == NUMBER);
	witness_ready();

	CHECK_EQUAL(told[PROCESS] + told[GROUP] + told[THREAD] + strangers, 0);
	owner_check(PROCESS, F_OWNER_PID, getpid());
	owner_check(GROUP, F_OWNER_PGRP, getpgrp());
	owner_check(THREAD, F_OWNER_TID, thread_tid);
	/* One side at a time: the other must hear nothing. */
	for (int turn = 0; turn < 2; turn++) {
		int mine = turn == witness_is_clone();

		for (int i = 0; mine && i < NR_OWNED; i++) {
			CHECK_EQUAL(write(owned[i][1], "x", 1), 1);
			AWAIT(told[i]);
		}
		witness_meet(turn ? "second" : "first");
		for (int i = 0; i < NR_OWNED; i++)
			CHECK_EQUAL(told[i], turn == 1 || mine);
	}
	CHECK_EQUAL(strangers, 0);
	CHECK_EQUAL(told_tid[THREAD], thread_tid);
	pthread_join(thread, NULL);

	CHECK_EQUAL(fcntl(ends[0], F_GETFL), O_RDONLY);
	CHECK_EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY | O_DIRECT);
	CHECK_EQUAL(fcntl(slow, F_GETFL) & ~0100000, O_RDONLY);
	CHECK_EQUAL(fcntl(quick, F_GETFL) & ~0100000, O_RDONLY | O_NONBLOCK);
	CHECK_EQUAL(fcntl(both, F_GETFL) & ~0100000, O_RDWR);
	CHECK_EQUAL(fcntl(NUMBER, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(quick, F_GETFD), 0);
	/* It and quick are one description still. */
	CHECK_EQUAL(fcntl(NUMBER, F_SETFL, 0), 0);
	CHECK_EQUAL(fcntl(quick, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQUAL(fcntl(quick, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQUAL(write(both, "1", 1), 1);
	CHECK_EQUAL(read(slow, &byte, 1), 1);
	CHECK_EQUAL(write(ends[1], "2", 1), 1);
	CHECK_EQUAL(read(NUMBER, &byte, 1), 1);
	CHECK(read(quick, &byte, 1) < 0 && errno == EAGAIN);
	/* The only writer left is the one that reads and writes. */
	close(ends[1]);
	CHECK(read(quick, &byte, 1) < 0 && errno == EAGAIN);
	close(both);
	CHECK_EQUAL(read(quick, &byte, 1), 0);

	CHECK_EQUAL(write(down[1], "p", 1), 1);
	CHECK_EQUAL(read(up[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 'c');
	CHECK_EQUAL(fcntl(up[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	witness_reap(child, EXITED(0));
	return witness_verdict();
}
