// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads blocked in system calls that may last for ever. None of them may see that it was cloned: each must end with
 * what it waits for, and never with EINTR. Where both sides wait on one object, each puts in what one waiter takes out.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "witness.h"

/* One kind of wait. The thread says what its call returned; wake() ends the call of one waiter. */
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

static char byte = 'x';

static void pipe_init(struct wait *w)
{
	if (!w->fd[1])
		MUST(pipe(w->fd) == 0);
}

static void wake_pipe(struct wait *w) { CHECK_EQUAL(write(w->fd[1], &byte, 1), 1); }
static void wake_signal(struct wait *w) { CHECK_EQUAL(pthread_kill(w->thread, SIGUSR1), 0); }

static long call_read(struct wait *w)
{
	char got;

	return read(w->fd[0], &got, 1);
}

static long call_poll(struct wait *w)
{
	struct pollfd fd = { .fd = w->fd[0], .events = POLLIN };

	return poll(&fd, 1, -1);
}

static long call_ppoll(struct wait *w)
{
	struct pollfd fd = { .fd = w->fd[0], .events = POLLIN };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	return ppoll(&fd, 1, NULL, &mask);
}

static long call_select(struct wait *w)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(w->fd[0], &set);
	return select(w->fd[0] + 1, &set, NULL, NULL, NULL);
}

static long call_pselect(struct wait *w)
{
	sigset_t mask;
	fd_set set;

	FD_ZERO(&set);
	FD_SET(w->fd[0], &set);
	sigemptyset(&mask);
	return pselect(w->fd[0] + 1, &set, NULL, NULL, NULL, &mask);
}

static int epoll_of(struct wait *w)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x1234567890 };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	MUST(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, w->fd[0], &event) == 0);
	return epoll;
}

static long call_epoll_wait(struct wait *w)
{
	struct epoll_event event;
	int r = epoll_wait(epoll_of(w), &event, 1, -1);

	return r == 1 && event.data.u64 != 0x1234567890 ? -2 : r;
}

static long call_epoll_pwait(struct wait *w)
{
	struct epoll_event event;
	sigset_t mask;

	sigfillset(&mask);
	return epoll_pwait(epoll_of(w), &event, 1, -1, &mask);
}

static long call_epoll_pwait2(struct wait *w)
{
	struct epoll_event event;

	return epoll_pwait2(epoll_of(w), &event, 1, NULL, NULL);
}

static uint32_t futex_word;

static long call_futex(struct wait *w)
{
	(void)w;
	return syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void wake_futex(struct wait *w)
{
	(void)w;
	/* It sleeps again a moment after it was thawed. */
	AWAIT(syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1);
}

static long call_pause(struct wait *w)
{
	(void)w;
	return pause() == -1 && errno == EINTR;
}

static long call_sigsuspend(struct wait *w)
{
	sigset_t mask, now;
	long r;

	(void)w;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	r = sigsuspend(&mask) == -1 && errno == EINTR;
	/* The mask from before it is in force again. */
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	return r && sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGUSR2) == 0;
}

static long call_sigwaitinfo(struct wait *w)
{
	sigset_t set;

	(void)w;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	return sigwaitinfo(&set, NULL) == SIGRTMIN ? 0 : -1;
}

static void wake_sigwaitinfo(struct wait *w) { CHECK_EQUAL(pthread_kill(w->thread, SIGRTMIN), 0); }

static long call_signalfd(struct wait *w)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	(void)w;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return read(fd, &info, sizeof(info)) == sizeof(info) ? (long)info.ssi_signo - SIGRTMIN : -1;
}

static void wake_signalfd(struct wait *w) { CHECK_EQUAL(pthread_kill(w->thread, SIGRTMIN + 1), 0); }

static int sleeper(void *argument)
{
	for (;;)
		pause();
	return argument != NULL;
}

static long call_wait4(struct wait *w)
{
	int status = 0;

	return waitpid(w->child, &status, 0) == w->child && status == SIGTERM;
}

static long call_waitid(struct wait *w)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)w->child, &info, WEXITED) == 0 && info.si_pid == w->child && info.si_status == SIGTERM;
}

static void wake_child(struct wait *w) { CHECK_EQUAL(kill(w->child, SIGTERM), 0); }

/* The lock belongs to the source's description: both sides' waiters get it, one after the other. */
static long call_flock(struct wait *w)
{
	int r = flock(w->fd[0], LOCK_EX);

	flock(w->fd[0], LOCK_UN);
	return r;
}

static void wake_flock(struct wait *w) { CHECK_EQUAL(flock(w->fd[1], LOCK_UN), 0); }

static long call_semop(struct wait *w)
{
	struct sembuf take = { .sem_op = -1 };

	return syscall(SYS_semop, w->fd[0], &take, 1);
}

static long call_semtimedop(struct wait *w)
{
	struct sembuf take = { .sem_op = -1 };

	return semtimedop(w->fd[0], &take, 1, NULL);
}

static void wake_semop(struct wait *w)
{
	struct sembuf give = { .sem_op = 1 };

	CHECK_EQUAL(semop(w->fd[0], &give, 1), 0);
}

struct message {
	long type;
	char text[4];
};

static long call_msgrcv(struct wait *w)
{
	struct message message;

	return msgrcv(w->fd[0], &message, sizeof(message.text), 5, 0);
}

static void wake_msgrcv(struct wait *w)
{
	struct message message = { .type = 5, .text = "abc" };

	CHECK_EQUAL(msgsnd(w->fd[0], &message, sizeof(message.text), 0), 0);
}

static struct sockaddr_un address;
static socklen_t address_size;

static long call_accept(struct wait *w)
{
	return accept(w->fd[0], NULL, NULL) >= 0;
}

static void wake_accept(struct wait *w)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)w;
	CHECK_EQUAL(connect(fd, (struct sockaddr *)&address, address_size), 0);
}

static long call_recvmsg(struct wait *w)
{
	char got;
	struct iovec vector = { &got, 1 };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };

	return recvmsg(w->fd[0], &header, 0);
}

static long call_recv_all(struct wait *w)
{
	char got[2];

	return recv(w->fd[0], got, 2, MSG_WAITALL);
}

static void wake_recv_all(struct wait *w) { CHECK_EQUAL(send(w->fd[1], "yz", 2, 0), 2); }

static long call_eventfd(struct wait *w)
{
	uint64_t value;

	return read(w->fd[0], &value, sizeof(value)) == sizeof(value) ? (long)value : -1;
}

static void wake_eventfd(struct wait *w)
{
	uint64_t value = 1;

	CHECK_EQUAL(write(w->fd[0], &value, sizeof(value)), sizeof(value));
}

static long call_mq_receive(struct wait *w)
{
	char text[16];

	return mq_receive(w->fd[0], text, sizeof(text), NULL);
}

static void wake_mq_receive(struct wait *w) { CHECK_EQUAL(mq_send(w->fd[0], "hi", 2, 0), 0); }

static char big[65536];

/* A pipe that is full but for nothing: each side takes out two pages, each writer puts in one. */
static long call_write(struct wait *w) { return write(w->fd[1], big, 4096); }
static void wake_write(struct wait *w)
{
	char drain[8192];

	CHECK_EQUAL(read(w->fd[0], drain, sizeof(drain)), sizeof(drain));
}

static struct wait waits[] = {
	{ "read", call_read, wake_pipe, 1, SYS_read },
	{ "write", call_write, wake_write, 4096, SYS_write },
	{ "poll", call_poll, wake_pipe, 1, SYS_poll },
	{ "ppoll", call_ppoll, wake_pipe, 1, SYS_ppoll },
	{ "select", call_select, wake_pipe, 1, SYS_pselect6 },
	{ "pselect", call_pselect, wake_pipe, 1, SYS_pselect6 },
	{ "epoll_wait", call_epoll_wait, wake_pipe, 1, SYS_epoll_wait },
	{ "epoll_pwait", call_epoll_pwait, wake_pipe, 1, SYS_epoll_pwait },
	{ "epoll_pwait2", call_epoll_pwait2, wake_pipe, 1, SYS_epoll_pwait2 },
	{ "futex", call_futex, wake_futex, 0, SYS_futex },
	{ "pause", call_pause, wake_signal, 1, SYS_pause },
	{ "sigsuspend", call_sigsuspend, wake_signal, 1, SYS_rt_sigsuspend },
	{ "sigwaitinfo", call_sigwaitinfo, wake_sigwaitinfo, 0, SYS_rt_sigtimedwait },
	{ "signalfd", call_signalfd, wake_signalfd, 1, SYS_read },
	{ "wait4", call_wait4, wake_child, 1, SYS_wait4 },
	{ "waitid", call_waitid, wake_child, 1, SYS_waitid },
	{ "flock", call_flock, wake_flock, 0, SYS_flock },
	{ "semop", call_semop, wake_semop, 0, SYS_semop },
	{ "semtimedop", call_semtimedop, wake_semop, 0, SYS_semtimedop },
	{ "msgrcv", call_msgrcv, wake_msgrcv, 4, SYS_msgrcv },
	{ "accept", call_accept, wake_accept, 1, SYS_accept },
	{ "recvmsg", call_recvmsg, wake_pipe, 1, SYS_recvmsg },
	{ "recv with MSG_WAITALL", call_recv_all, wake_recv_all, 2, SYS_recvfrom },
	{ "eventfd", call_eventfd, wake_eventfd, 1, SYS_read },
	{ "mq_receive", call_mq_receive, wake_mq_receive, 2, SYS_mq_timedreceive },
};

static struct wait *find(const char *name)
{
	for (size_t i = 0; i < COUNT(waits); i++)
		if (strcmp(waits[i].name, name) == 0)
			return &waits[i];
	abort();
}

static void *body(void *argument)
{
	struct wait *w = argument;
	sigset_t mask;

	/* Only this thread's own signals, and SIGUSR1 only where it is waited for. */
	sigfillset(&mask);
	if (w->call == call_pause)
		sigdelset(&mask, SIGUSR1);
	if (w->call == call_sigsuspend)
		sigdelset(&mask, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	w->tid = gettid();
	errno = 0;
	w->got = w->call(w);
	w->error = errno;
	w->done = true;
	return NULL;
}

static void on_signal(int signal)
{
	(void)signal;
}

static void objects_init(const char *dir)
{
	struct mq_attr attributes = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	char path[4200];
	int fd[2];

	for (size_t i = 0; i < COUNT(waits); i++)
		if (waits[i].wake == wake_pipe)
			pipe_init(&waits[i]);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, find("recvmsg")->fd) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, find("recv with MSG_WAITALL")->fd) == 0);

	MUST(pipe(find("write")->fd) == 0);
	MUST(fcntl(find("write")->fd[1], F_SETPIPE_SZ, 65536) == 65536);
	MUST(write(find("write")->fd[1], big, sizeof(big)) == sizeof(big));

	find("wait4")->child = witness_fork(sleeper, NULL);
	find("waitid")->child = witness_fork(sleeper, NULL);

	snprintf(path, sizeof(path), "%s/locked", dir);
	fd[1] = open(path, O_RDWR | O_CREAT, 0666);
	fd[0] = open(path, O_RDWR);
	MUST(fd[0] >= 0 && fd[1] >= 0 && flock(fd[1], LOCK_EX) == 0);
	memcpy(find("flock")->fd, fd, sizeof(fd));

	find("semop")->fd[0] = semget(IPC_PRIVATE, 1, 0600);
	find("semtimedop")->fd[0] = semget(IPC_PRIVATE, 1, 0600);
	find("msgrcv")->fd[0] = msgget(IPC_PRIVATE, 0600);
	MUST(find("semop")->fd[0] >= 0 && find("msgrcv")->fd[0] >= 0);

	find("accept")->fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	address.sun_family = AF_UNIX;
	address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   (size_t)snprintf(address.sun_path + 1, 40, "ptree-witness-%d", getpid()));
	MUST(bind(find("accept")->fd[0], (struct sockaddr *)&address, address_size) == 0);
	MUST(listen(find("accept")->fd[0], 5) == 0);

	find("eventfd")->fd[0] = eventfd(0, EFD_SEMAPHORE);
	snprintf(path, sizeof(path), "/ptree-witness-%d", getpid());
	find("mq_receive")->fd[0] = mq_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	MUST(find("mq_receive")->fd[0] >= 0);
	mq_unlink(path);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t mask;

	witness_start(argc, argv);
	sigaction(SIGUSR1, &action, NULL);
	objects_init(argv[1]);
	sigfillset(&mask);
	sigdelset(&mask, SIGTERM);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	for (size_t i = 0; i < COUNT(waits); i++) {
		waits[i].thread = witness_thread(body, &waits[i]);
		AWAIT(waits[i].tid);
	}
	for (size_t i = 0; i < COUNT(waits); i++)
		witness_await_call(waits[i].tid, waits[i].nr);
	witness_ready();

	for (size_t i = 0; i < COUNT(waits); i++)
		waits[i].wake(&waits[i]);
	for (size_t i = 0; i < COUNT(waits); i++) {
		uint64_t until = witness_now_usec() + WITNESS_PATIENCE_USEC / 2;

		while (!waits[i].done && witness_now_usec() < until)
			witness_sleep_usec(2000);
		if (!waits[i].done)
			FAIL("%s waits for ever", waits[i].name);
		else if (waits[i].got != waits[i].wanted)
			FAIL("%s returns %ld, not %ld (errno %d)", waits[i].name, waits[i].got, waits[i].wanted,
			     waits[i].error);
	}
	/* Whoever is last removes what both use. */
	witness_meet("woken");
	semctl(find("semop")->fd[0], 0, IPC_RMID);
	semctl(find("semtimedop")->fd[0], 0, IPC_RMID);
	msgctl(find("msgrcv")->fd[0], IPC_RMID, NULL);
	return witness_verdict();
}
