// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The keeper, seen from the engine: forking it, and talking to it and to the init it made. What it does in its own
 * process is keeper-child.c's.
 */
#include "keeper.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "keeper-child.h"
#include "proc.h"

#define TIMEOUT_MSEC 10000

/* One message of @size bytes. -EPIPE: the peer has gone; -ETIMEDOUT. */
static int receive(int fd, void *buffer, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int r;

	do
		r = poll(&p, 1, TIMEOUT_MSEC);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	n = recv(fd, buffer, size, 0);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return (size_t)n == size ? 0 : -EPIPE;
}

static int spawn_failed(struct ptree_keeper *k, int r, struct ptree_error *e)
{
	const char *way_out = r == -EAGAIN ? "; RLIMIT_NPROC or the cgroup's pids.max is reached" :
			      r == -EPIPE ? "; it was killed, perhaps by a limit of its cgroup (memory.max, pids.max): see dmesg" : "";

	ptree_keeper_discard(k);
	return ptree_error_set(e, r, 0, "prepare: cannot make the clone's pid namespace and its ptree-init: %m%s", way_out);
}

/* The keeper reaps an init that dies, so its number may have a new bearer: but not one of the same parent. */
static int init_open(struct ptree_keeper *k)
{
	_cleanup_close_ int proc = -1;
	struct ptree_proc_stat stat;
	int r;

	k->init_pidfd = ptree_proc_pidfd_open(k->init_pid, 0);
	if (k->init_pidfd < 0)
		return k->init_pidfd;
	r = proc = ptree_proc_open(k->init_pid);
	if (r >= 0)
		r = ptree_proc_stat(proc, &stat);
	if (r < 0)
		return r;
	if (stat.ppid != k->pid)
		return -ESRCH;
	k->init_start = stat.start;
	return 0;
}

int ptree_keeper_spawn(struct ptree_keeper *k, const char *title, int cgroup_fd, int status_fd,
		       const struct ptree_journal *j, struct ptree_error *e)
{
	struct ptree_keeper_spawned spawned;
	int own[2], control[2];
	sigset_t all, saved;
	int32_t up;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own) < 0)
		return spawn_failed(k, -errno, e);
	k->socket = own[0];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0) {
		r = -errno;
		ptree_close_fd(own[1]);
		return spawn_failed(k, r, e);
	}
	k->init_control = control[0];

	/* With every signal blocked, none of the caller's handlers runs in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	k->pid = fork();
	if (k->pid == 0)
		ptree_keeper_main(&(struct ptree_keeper_job){
			.title = title,
			.socket = own[1],
			.control = control[1],
			.cgroup_fd = cgroup_fd,
			.status_fd = status_fd,
			.journal = *j,
		});
	r = k->pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	ptree_close_fd(own[1]);
	ptree_close_fd(control[1]);
	if (r < 0) {
		k->pid = 0;
		return spawn_failed(k, r, e);
	}

	r = receive(k->socket, &spawned, sizeof(spawned));
	if (r == 0)
		r = spawned.result;
	if (r < 0)
		return spawn_failed(k, r, e);

	k->init_pid = spawned.init_pid;
	r = receive(k->init_control, &up, sizeof(up));
	if (r == 0 && up < 0) {
		ptree_keeper_discard(k);
		return ptree_error_set(e, up, 0, "prepare: cannot run ptree-init at %s: %m; is ptree fully installed?",
				       ptree_keeper_init_path());
	}
	if (r == 0)
		r = init_open(k);
	return r < 0 ? spawn_failed(k, r, e) : 0;
}

int ptree_keeper_arm(struct ptree_keeper *k, pid_t root_number, struct ptree_error *e)
{
	int32_t number = root_number, answer = 0;
	int r = 0;

	if (send(k->init_control, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number))
		r = -errno;
	if (r == 0)
		r = receive(k->init_control, &answer, sizeof(answer));
	k->init_control = ptree_close_fd(k->init_control);
	if (r < 0)
		return ptree_error_set(e, r, k->init_pid, "prepare: ptree-init, pid %d, does not answer: %m", k->init_pid);
	return 0;
}

static void keeper_end(struct ptree_keeper *k, char word)
{
	k->init_control = ptree_close_fd(k->init_control);
	if (k->pid > 0) {
		/* Should it be gone already, the wait says so. */
		(void)!send(k->socket, &word, 1, MSG_NOSIGNAL);
		while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	k->socket = ptree_close_fd(k->socket);
	k->pid = 0;
}

bool ptree_keeper_has_init(const struct ptree_keeper *k)
{
	struct pollfd p = { .fd = k->init_pidfd, .events = POLLIN };

	return k->init_pidfd >= 0 && poll(&p, 1, 0) == 0;
}

void ptree_keeper_release(struct ptree_keeper *k)
{
	keeper_end(k, PTREE_KEEPER_RELEASE);
	k->init_pidfd = ptree_close_fd(k->init_pidfd);
}

void ptree_keeper_discard(struct ptree_keeper *k)
{
	keeper_end(k, PTREE_KEEPER_DISCARD);

	/* Should the keeper have been killed before us. */
	if (k->init_pidfd >= 0)
		ptree_proc_pidfd_kill(k->init_pidfd, SIGKILL);
	k->init_pidfd = ptree_close_fd(k->init_pidfd);
}
