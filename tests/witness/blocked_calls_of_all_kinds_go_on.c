// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads in calls that block for other reasons than those of waits_without_end_are_not_interrupted: priority inheritance,
 * locks of files, opening, connecting, writing to what is full. Each ends with what it waits for, on both sides.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "witness.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct wait {
	const char *name;
	long (*call)(struct wait *w);
	void (*wake)(struct wait *w);
	long wanted;
	long nr;		/* the system call that it sleeps in */
	int fd[2];
	pid_t child;
	pthread_t thread;
	volatile pid_t tid;
	long got;
	int error;
	volatile bool done;
};

static char dir[PATH_MAX], big[1 << 17];

static void wake_pipe(struct wait *w) { CHECK_EQUAL(write(w->fd[1], "x", 1), 1); }

static uint32_t pi_word, bits_word, vector_word, condition, condition_mutex;

static long futex(uint32_t *word, int op, uint32_t value, void *fourth, uint32_t *second, uint32_t third)
{
	return syscall(SYS_futex, word, op, value, fourth, second, third);
}

static long call_lock_pi(struct wait *w)
{
	(void)w;
	return futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) ?:
	       (pi_word & FUTEX_TID_MASK) == (uint32_t)gettid() ? 0 : -2;
}

static void wake_lock_pi(struct wait *w)
{
	(void)w;
	CHECK_EQUAL(pi_word & FUTEX_TID_MASK, gettid());
	CHECK_EQUAL(futex(&pi_word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
}

static long call_futex_bits(struct wait *w)
{
	(void)w;
	return futex(&bits_word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 4);
}

static void wake_futex_bits(struct wait *w)
{
	(void)w;
	CHECK_EQUAL(futex(&bits_word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 2), 0);
	AWAIT(futex(&bits_word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 12) == 1);
}

struct waiter {
	uint64_t value, address;
	uint32_t flags, reserved;
};

static long call_futex_waitv(struct wait *w)
{
	/* 2: words of 32 bits; 128: private. */
	struct waiter waiters[2] = { { 0, (uintptr_t)&big, 2 | 128, 0 }, { 0, (uintptr_t)&vector_word, 2 | 128, 0 } };

	(void)w;
	return syscall(SYS_futex_waitv, waiters, 2, 0, NULL, 0);
}

static void wake_futex_waitv(struct wait *w)
{
	(void)w;
	AWAIT(futex(&vector_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1);
}

/* As a condition variable whose mutex passes priorities on. */
static long call_requeue_pi(struct wait *w)
{
	(void)w;
	return futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &condition_mutex, 0) ?:
	       (condition_mutex & FUTEX_TID_MASK) == (uint32_t)gettid() ? 0 : -2;
}

static void wake_requeue_pi(struct wait *w)
{
	(void)w;
	AWAIT(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, NULL, &condition_mutex, 0) == 1);
}

/* A child has it; the source's until it is woken, and then each waiter for a moment. */
static long call_setlkw(struct wait *w)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };

	if (fcntl(w->fd[0], F_SETLKW, &range) < 0)
		return -1;
	range.l_type = F_UNLCK;
	return fcntl(w->fd[0], F_SETLK, &range);
}

static long call_ofd_setlkw(struct wait *w)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };

	if (fcntl(w->fd[0], F_OFD_SETLKW, &range) < 0)
		return -1;
	range.l_type = F_UNLCK;
	return fcntl(w->fd[0], F_OFD_SETLK, &range);
}

static int locker(void *argument)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	struct wait *w = argument;
	sigset_t mask;

	MUST(fcntl(w->fd[0], F_SETLK, &range) == 0);
	MUST(write(w->fd[1], "", 1) == 1);
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (;;)
		pause();
}

static void wake_setlkw(struct wait *w) { CHECK_EQUAL(kill(w->child, SIGTERM), 0); }

static void path_of(char *path, const char *name)
{
	snprintf(path, PATH_MAX + 32, "%s/%s", dir, name);
}

/* Of the clone's own where it has one: whoever waits, each side opens the other end once. */
static long call_open(struct wait *w)
{
	char path[PATH_MAX + 32];

	(void)w;
	path_of(path, "fifo");
	return open(path, O_RDONLY | O_CLOEXEC) >= 0;
}

static void wake_open(struct wait *w)
{
	char path[PATH_MAX + 32];

	path_of(path, "fifo");
	AWAIT((w->fd[1] = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
	AWAIT(w->done);
}

static struct sockaddr_un address;
static socklen_t address_size;

/* The one place in the queue is taken. */
static long call_connect(struct wait *w)
{
	return connect(w->fd[0], (struct sockaddr *)&address, address_size);
}

static void wake_connect(struct wait *w)
{
	CHECK(accept4(w->fd[1], NULL, NULL, SOCK_CLOEXEC) >= 0);
}

static long call_send(struct wait *w) { return send(w->fd[0], big, 512, 0); }

static void wake_send(struct wait *w)
{
	long drained = 0, n;

	while ((n = recv(w->fd[1], big, sizeof(big), MSG_DONTWAIT)) > 0)
		drained += n;
	CHECK(drained > 0);
}

static long call_readv(struct wait *w)
{
	char got[2];
	struct iovec vector[2] = { { got, 1 }, { got + 1, 1 } };

	return readv(w->fd[0], vector, 2);
}

static long call_writev(struct wait *w)
{
	struct iovec vector[2] = { { big, 2000 }, { big, 2096 } };

	return writev(w->fd[1], vector, 2);
}

static void wake_writev(struct wait *w) { CHECK_EQUAL(read(w->fd[0], big, 8192), 8192); }
static long call_splice(struct wait *w) { return splice(w->fd[0], NULL, w->child, NULL, 1, 0); }

static long call_udp(struct wait *w)
{
	char got[4];

	return recvfrom(w->fd[0], got, sizeof(got), 0, NULL, NULL);
}

struct message {
	long type;
	char text[4096];
};

static struct message message = { .type = 1 };

static long call_msgsnd(struct wait *w) { return msgsnd(w->fd[0], &message, sizeof(message.text), 0); }
static void wake_msgsnd(struct wait *w) { CHECK_EQUAL(msgrcv(w->fd[0], &message, sizeof(message.text), 0, 0), 4096); }
static long call_mq_send(struct wait *w) { return mq_send(w->fd[0], "ab", 2, 0); }

static void wake_mq_send(struct wait *w)
{
	char got[16];

	CHECK_EQUAL(mq_receive(w->fd[0], got, sizeof(got), NULL), 2);
}

static long call_eventfd(struct wait *w)
{
	uint64_t value = 2;

	return write(w->fd[0], &value, sizeof(value));
}

static void wake_eventfd(struct wait *w)
{
	uint64_t value;

	CHECK_EQUAL(read(w->fd[0], &value, sizeof(value)), sizeof(value));
}

static long call_timerfd(struct wait *w)
{
	uint64_t value;

	return read(w->fd[0], &value, sizeof(value)) == sizeof(value) ? (long)value : -1;
}

static void wake_timerfd(struct wait *w)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };

	CHECK_EQUAL(timerfd_settime(w->fd[0], 0, &soon, NULL), 0);
}

/* Both sides watch one directory, and each makes a file of its own. */
static long call_inotify(struct wait *w)
{
	char events[4096];

	return read(w->fd[0], events, sizeof(events)) > 0;
}

static void wake_inotify(struct wait *w)
{
	char path[PATH_MAX + 32];

	(void)w;
	path_of(path, witness_is_clone() ? "watched/clone" : "watched/source");
	CHECK(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
}

static int sleeper(void *argument)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (;;)
		pause();
	return argument != NULL;
}

static long call_waitid(struct wait *w)
{
	siginfo_t info = { 0 };

	return waitid(P_PIDFD, (id_t)w->fd[0], &info, WEXITED) == 0 && info.si_pid == w->child && info.si_status == SIGTERM;
}

static void wake_child(struct wait *w) { CHECK_EQUAL(kill(w->child, SIGTERM), 0); }

enum { LOCK_PI, BITS, WAITV, REQUEUE, SETLKW, OFD_SETLKW, OPEN, CONNECT, SEND, READV, WRITEV, SPLICE, UDP, MSGSND, MQ_SEND,
       EVENTFD, TIMERFD, INOTIFY, WAITID, NR };

static struct wait waits[NR] = {
	[LOCK_PI] = { "FUTEX_LOCK_PI", call_lock_pi, wake_lock_pi, 0, SYS_futex },
	[BITS] = { "FUTEX_WAIT_BITSET", call_futex_bits, wake_futex_bits, 0, SYS_futex },
	[WAITV] = { "futex_waitv", call_futex_waitv, wake_futex_waitv, 1, SYS_futex_waitv },
	[REQUEUE] = { "FUTEX_WAIT_REQUEUE_PI", call_requeue_pi, wake_requeue_pi, 0, SYS_futex },
	[SETLKW] = { "F_SETLKW", call_setlkw, wake_setlkw, 0, SYS_fcntl },
	[OFD_SETLKW] = { "F_OFD_SETLKW", call_ofd_setlkw, wake_setlkw, 0, SYS_fcntl },
	[OPEN] = { "open of a FIFO", call_open, wake_open, 1, SYS_openat },
	[CONNECT] = { "connect", call_connect, wake_connect, 0, SYS_connect },
	[SEND] = { "send", call_send, wake_send, 512, SYS_sendto },
	[READV] = { "readv", call_readv, wake_pipe, 1, SYS_readv },
	[WRITEV] = { "writev", call_writev, wake_writev, 4096, SYS_writev },
	[SPLICE] = { "splice", call_splice, wake_pipe, 1, SYS_splice },
	[UDP] = { "recvfrom of a datagram", call_udp, wake_pipe, 1, SYS_recvfrom },
	[MSGSND] = { "msgsnd", call_msgsnd, wake_msgsnd, 0, SYS_msgsnd },
	[MQ_SEND] = { "mq_send", call_mq_send, wake_mq_send, 0, SYS_mq_timedsend },
	[EVENTFD] = { "write to an eventfd", call_eventfd, wake_eventfd, 8, SYS_write },
	[TIMERFD] = { "read of a timerfd", call_timerfd, wake_timerfd, 1, SYS_read },
	[INOTIFY] = { "read of inotify", call_inotify, wake_inotify, 1, SYS_read },
	[WAITID] = { "waitid of a pidfd", call_waitid, wake_child, 1, SYS_waitid },
};

static void *body(void *argument)
{
	struct wait *w = argument;

	w->tid = gettid();
	errno = 0;
	w->got = w->call(w);
	w->error = errno;
	w->done = true;
	return NULL;
}

static void pipes_init(void)
{
	static const int kinds[] = { READV, WRITEV, SPLICE };
	int sink[2];

	for (size_t i = 0; i < COUNT(kinds); i++)
		MUST(pipe(waits[kinds[i]].fd) == 0);
	MUST(fcntl(waits[WRITEV].fd[1], F_SETPIPE_SZ, 65536) == 65536);
	MUST(write(waits[WRITEV].fd[1], big, 65536) == 65536);
	MUST(pipe(sink) == 0);
	waits[SPLICE].child = sink[1];
}

static void locks_init(void)
{
	static const int kinds[] = { SETLKW, OFD_SETLKW };
	char path[PATH_MAX + 32], byte;
	int ready[2];

	MUST(pipe(ready) == 0);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct wait *w = &waits[kinds[i]];

		path_of(path, w->name);
		w->fd[0] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		w->fd[1] = ready[1];
		MUST(w->fd[0] >= 0);
		w->child = witness_fork(locker, w);
		MUST(read(ready[0], &byte, 1) == 1);
	}
}

static void sockets_init(void)
{
	int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);

	address.sun_family = AF_UNIX;
	address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   (size_t)snprintf(address.sun_path + 1, 40, "ptree-blocked-%d", getpid()));
	waits[CONNECT].fd[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	waits[CONNECT].fd[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(bind(waits[CONNECT].fd[1], (struct sockaddr *)&address, address_size) == 0);
	MUST(listen(waits[CONNECT].fd[1], 0) == 0);
	MUST(connect(first, (struct sockaddr *)&address, address_size) == 0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, waits[SEND].fd) == 0);
	while (send(waits[SEND].fd[0], big, 512, MSG_DONTWAIT) > 0)
		;
	MUST(errno == EAGAIN);

	waits[UDP].fd[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	waits[UDP].fd[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	MUST(bind(waits[UDP].fd[0], (struct sockaddr *)&(struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, sizeof(struct sockaddr_in)) == 0);
	MUST(getsockname(waits[UDP].fd[0], (struct sockaddr *)&name, &size) == 0);
	MUST(connect(waits[UDP].fd[1], (struct sockaddr *)&name, size) == 0);
}

static void queues_init(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 1, .mq_msgsize = 16 };
	char name[64];

	waits[MSGSND].fd[0] = msgget(IPC_PRIVATE, 0600);
	MUST(waits[MSGSND].fd[0] >= 0);
	while (msgsnd(waits[MSGSND].fd[0], &message, sizeof(message.text), IPC_NOWAIT) == 0)
		;
	MUST(errno == EAGAIN);
	snprintf(name, sizeof(name), "/ptree-blocked-%d", getpid());
	waits[MQ_SEND].fd[0] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	MUST(waits[MQ_SEND].fd[0] >= 0 && mq_send(waits[MQ_SEND].fd[0], "xy", 2, 0) == 0);
	mq_unlink(name);
}

static void events_init(void)
{
	char path[PATH_MAX + 32];

	waits[EVENTFD].fd[0] = eventfd(0, EFD_CLOEXEC);
	MUST(write(waits[EVENTFD].fd[0], &(uint64_t){ UINT64_MAX - 1 }, 8) == 8);
	waits[TIMERFD].fd[0] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	waits[INOTIFY].fd[0] = inotify_init1(IN_CLOEXEC);
	path_of(path, "watched");
	MUST(mkdir(path, 0700) == 0);
	MUST(inotify_add_watch(waits[INOTIFY].fd[0], path, IN_CREATE) >= 0);
	path_of(path, "fifo");
	MUST(mkfifo(path, 0600) == 0);
	waits[WAITID].child = witness_fork(sleeper, NULL);
	waits[WAITID].fd[0] = (int)syscall(SYS_pidfd_open, waits[WAITID].child, 0);
	MUST(waits[WAITID].fd[0] >= 0);
}

static void judge(const struct wait *w)
{
	uint64_t until = witness_now_usec() + WITNESS_PATIENCE_USEC / 2;

	while (!w->done && witness_now_usec() < until)
		witness_sleep_usec(2000);
	if (!w->done)
		FAIL("%s waits for ever", w->name);
	else if (w->got != w->wanted)
		FAIL("%s returns %ld, not %ld (errno %d)", w->name, w->got, w->wanted, w->error);
}

int main(int argc, char **argv)
{
	sigset_t mask;

	witness_start(argc, argv);
	MUST(realpath(argv[1], dir));
	sigfillset(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	pipes_init();
	locks_init();
	sockets_init();
	queues_init();
	events_init();
	MUST(futex(&pi_word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0);
	for (int i = 0; i < NR; i++) {
		waits[i].thread = witness_thread(body, &waits[i]);
		AWAIT(waits[i].tid);
	}
	for (int i = 0; i < NR; i++)
		witness_await_call(waits[i].tid, waits[i].nr);
	witness_ready();

	for (int i = 0; i < NR; i++)
		waits[i].wake(&waits[i]);
	for (int i = 0; i < NR; i++)
		judge(&waits[i]);
	witness_reap(waits[SETLKW].child, SIGTERM);
	witness_reap(waits[OFD_SETLKW].child, SIGTERM);
	witness_meet("woken");
	msgctl(waits[MSGSND].fd[0], IPC_RMID, NULL);
	return witness_verdict();
}
