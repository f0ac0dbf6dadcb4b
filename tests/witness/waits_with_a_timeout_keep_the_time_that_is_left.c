// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads in system calls that end after some seconds, of which two have gone by when the clone is made. None may end
 * too early; none may begin its time anew.
 */
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <time.h>

#include "witness.h"

#define TIMEOUT_USEC	6000000
#define BEFORE_USEC	3000000		/* that are gone when it is cloned, at least */
#define LATE_USEC	2500000

struct wait {
	const char *name;
	long (*call)(struct wait *w);
	long wanted;
	int wanted_errno;
	long nr;
	bool may_eintr;		/* Linux ends it on any stop, signal(7); how long it should go on, nobody knows then */
	pthread_t thread;
	volatile pid_t tid;
	uint64_t began, ended;
	long got;
	int error;
};

static int pipe_fd[2], socket_fd[2], semaphore;
static const struct timespec timeout = { .tv_sec = TIMEOUT_USEC / 1000000 };

static long call_nanosleep(struct wait *w) { (void)w; return nanosleep(&timeout, NULL); }

static long call_clock_nanosleep(struct wait *w)
{
	(void)w;
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &timeout, NULL);
}

static long call_clock_nanosleep_absolute(struct wait *w)
{
	struct timespec end;

	(void)w;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += timeout.tv_sec;
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &end, NULL);
}

static long call_poll(struct wait *w)
{
	struct pollfd fd = { .fd = pipe_fd[0], .events = POLLIN };

	(void)w;
	return poll(&fd, 1, TIMEOUT_USEC / 1000);
}

static long call_ppoll(struct wait *w)
{
	struct pollfd fd = { .fd = pipe_fd[0], .events = POLLIN };
	sigset_t mask;

	(void)w;
	sigemptyset(&mask);
	return ppoll(&fd, 1, &timeout, &mask);
}

static long call_select(struct wait *w)
{
	struct timeval time = { .tv_sec = timeout.tv_sec };
	fd_set set;

	(void)w;
	FD_ZERO(&set);
	FD_SET(pipe_fd[0], &set);
	return select(pipe_fd[0] + 1, &set, NULL, NULL, &time);
}

static long call_pselect(struct wait *w)
{
	sigset_t mask;
	fd_set set;

	(void)w;
	FD_ZERO(&set);
	FD_SET(pipe_fd[0], &set);
	sigemptyset(&mask);
	return pselect(pipe_fd[0] + 1, &set, NULL, NULL, &timeout, &mask);
}

static long call_epoll_wait(struct wait *w)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	(void)w;
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_fd[0], &event) == 0);
	return epoll_wait(epoll, &event, 1, TIMEOUT_USEC / 1000);
}

static uint32_t words[2];

static long call_futex(struct wait *w)
{
	(void)w;
	return syscall(SYS_futex, &words[0], FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0);
}

static long call_futex_absolute(struct wait *w)
{
	struct timespec end;

	(void)w;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout.tv_sec;
	return syscall(SYS_futex, &words[1], FUTEX_WAIT_BITSET_PRIVATE, 0, &end, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long call_sigtimedwait(struct wait *w)
{
	sigset_t set;

	(void)w;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	return sigtimedwait(&set, NULL, &timeout);
}

static long call_semtimedop(struct wait *w)
{
	struct sembuf take = { .sem_op = -1 };

	(void)w;
	return semtimedop(semaphore, &take, 1, &timeout);
}

static long call_recv(struct wait *w)
{
	struct timeval time = { .tv_sec = timeout.tv_sec };
	char got;

	(void)w;
	MUST(setsockopt(socket_fd[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0);
	return recv(socket_fd[0], &got, 1, 0);
}

static struct wait waits[] = {
	{ "nanosleep", call_nanosleep, 0, 0, SYS_clock_nanosleep },
	{ "clock_nanosleep", call_clock_nanosleep, 0, 0, SYS_clock_nanosleep },
	{ "clock_nanosleep until a time", call_clock_nanosleep_absolute, 0, 0, SYS_clock_nanosleep },
	{ "poll", call_poll, 0, 0, SYS_poll },
	{ "ppoll", call_ppoll, 0, 0, SYS_ppoll },
	{ "select", call_select, 0, 0, SYS_pselect6 },
	{ "pselect", call_pselect, 0, 0, SYS_pselect6 },
	{ "epoll_wait", call_epoll_wait, 0, 0, SYS_epoll_wait, true },
	{ "futex", call_futex, -1, ETIMEDOUT, SYS_futex },
	{ "futex until a time", call_futex_absolute, -1, ETIMEDOUT, SYS_futex },
	{ "sigtimedwait", call_sigtimedwait, -1, EAGAIN, SYS_rt_sigtimedwait, true },
	{ "semtimedop", call_semtimedop, -1, EAGAIN, SYS_semtimedop, true },
	{ "recv with SO_RCVTIMEO", call_recv, -1, EAGAIN, SYS_recvfrom, true },
};

static void *body(void *argument)
{
	struct wait *w = argument;
	sigset_t mask;

	sigfillset(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	w->began = witness_now_usec();
	w->tid = gettid();
	errno = 0;
	w->got = w->call(w);
	w->error = errno;
	w->ended = witness_now_usec();
	return NULL;
}

static void judge(const struct wait *w)
{
	uint64_t took = w->ended - w->began;

	if (w->may_eintr && w->got == -1 && w->error == EINTR)
		return;
	if (w->got != w->wanted || (w->got < 0 && w->error != w->wanted_errno))
		FAIL("%s returns %ld (errno %d)", w->name, w->got, w->error);
	else if (took < TIMEOUT_USEC - 20000)
		FAIL("%s ended too early, after %llu us", w->name, (unsigned long long)took);
	else if (took > TIMEOUT_USEC + LATE_USEC)
		FAIL("%s ended too late, after %llu us", w->name, (unsigned long long)took);
}

int main(int argc, char **argv)
{
	witness_start(argc, argv);
	MUST(pipe(pipe_fd) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, socket_fd) == 0);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	MUST(semaphore >= 0);
	for (size_t i = 0; i < COUNT(waits); i++)
		waits[i].thread = witness_thread(body, &waits[i]);
	for (size_t i = 0; i < COUNT(waits); i++) {
		AWAIT(waits[i].tid);
		witness_await_call(waits[i].tid, waits[i].nr);
	}
	AWAIT(witness_now_usec() - waits[COUNT(waits) - 1].began > BEFORE_USEC);
	witness_ready();

	for (size_t i = 0; i < COUNT(waits); i++) {
		pthread_join(waits[i].thread, NULL);
		judge(&waits[i]);
	}
	witness_meet("over");
	semctl(semaphore, 0, IPC_RMID);
	return witness_verdict();
}
