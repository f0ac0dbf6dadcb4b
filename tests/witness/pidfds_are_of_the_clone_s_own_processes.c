// SPDX-License-Identifier: GPL-2.0-or-later
/* pidfds: of a process of the tree they are each side's own; of others they stay what they are. */
#include <fcntl.h>
#include <poll.h>

#include "witness.h"

#define P_PIDFD_ 3		/* P_PIDFD of newer <sys/wait.h> */
#define PIDFD_THREAD_ O_EXCL	/* PIDFD_THREAD of <linux/pidfd.h>, since 6.9 */

static int open_pidfd(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static int signal_pidfd(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static int sleeper(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return 0;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static volatile pid_t thread_tid;
static volatile bool thread_end;

static void *thread_body(void *argument)
{
	(void)argument;
	thread_tid = gettid();
	while (!thread_end)
		witness_sleep_usec(2000);
	return NULL;
}

int main(int argc, char **argv)
{
	pid_t child, other;
	int child_fd, own_fd, parent_fd, dead_fd, thread_fd;
	pthread_t thread;

	witness_start(argc, argv);
	child = witness_fork(sleeper, NULL);
	child_fd = open_pidfd(child, O_NONBLOCK);
	own_fd = open_pidfd(getpid(), 0);
	parent_fd = open_pidfd(getppid(), 0);
	MUST(child_fd >= 0 && own_fd >= 0 && parent_fd >= 0);
	other = witness_fork(sleeper, NULL);
	dead_fd = open_pidfd(other, 0);
	MUST(dead_fd >= 0 && kill(other, SIGKILL) == 0 && waitpid(other, NULL, 0) == other);
	thread = witness_thread(thread_body, NULL);
	while (!thread_tid)
		witness_sleep_usec(1000);
	thread_fd = open_pidfd(thread_tid, PIDFD_THREAD_);
	witness_ready();

	CHECK_EQUAL(signal_pidfd(own_fd, 0), 0);
	/* Whom the clone's pid namespace has never seen it cannot signal, dead or alive, and is told EINVAL. */
	CHECK_EQUAL(signal_pidfd(dead_fd, 0), -1);
	CHECK_EQUAL(errno, witness_is_clone() ? EINVAL : ESRCH);
	CHECK(has_ended(dead_fd));
	CHECK(!has_ended(child_fd));
	CHECK(!has_ended(parent_fd));
	CHECK_EQUAL(fcntl(child_fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	witness_meet("begun");

	if (!witness_is_clone()) {
		CHECK_EQUAL(signal_pidfd(child_fd, SIGTERM), 0);
		AWAIT(has_ended(child_fd));
		witness_reap(child, SIGTERM);
		thread_end = true;
		if (thread_fd >= 0)
			AWAIT(has_ended(thread_fd));
	}
	witness_meet("the source has ended its own");
	if (witness_is_clone()) {
		siginfo_t info;

		CHECK(!has_ended(child_fd));
		if (thread_fd >= 0)
			CHECK(!has_ended(thread_fd));
		CHECK_EQUAL(signal_pidfd(child_fd, SIGUSR1), 0);
		AWAIT(has_ended(child_fd));
		CHECK_EQUAL(waitid((idtype_t)P_PIDFD_, (id_t)child_fd, &info, WEXITED), 0);
		CHECK_EQUAL(info.si_pid, child);
		CHECK_EQUAL(info.si_status, SIGUSR1);
		thread_end = true;
		if (thread_fd >= 0)
			AWAIT(has_ended(thread_fd));
	}
	pthread_join(thread, NULL);
	return witness_verdict();
}
