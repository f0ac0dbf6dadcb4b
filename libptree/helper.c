// SPDX-License-Identifier: LGPL-2.1-or-later
/* Helpers: forked, heard, ended. What they do is their callers'. */
#include "helper.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "util.h"

#define TIMEOUT_MSEC 20000

struct report {
	int32_t result;
	char what[PTREE_HELPER_WHAT_MAX];
};

void ptree_close_all_but(int *keep, size_t n)
{
	unsigned from = 0;

	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && keep[j - 1] > keep[j]; j--) {
			int swapped = keep[j];

			keep[j] = keep[j - 1];
			keep[j - 1] = swapped;
		}
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned)keep[i] > from)
			syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static void report_send(int socket, const struct report *report)
{
	(void)!send(socket, report, sizeof(*report), MSG_NOSIGNAL);
}

/* The work, and then the wait for the end: the engine closes its socket, or dies. */
static void work(const struct ptree_helper_job *job, int socket)
{
	struct report report = { 0 };
	char end;

	report.result = job->work(job->argument, report.what);
	report_send(socket, &report);
	if (report.result == 0)
		while (recv(socket, &end, 1, 0) < 0 && errno == EINTR)
			;
	_exit(0);
}

/* A process is born into another pid namespace, it cannot enter it: one enters for its children. */
static void work_inside(const struct ptree_helper_job *job, int socket)
{
	struct report report = { .what = "cannot enter the clone's pid namespace" };
	pid_t pid = -1;

	if (setns(job->pidns_fd, CLONE_NEWPID) == 0)
		pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(job, socket);
	}
	if (pid < 0) {
		report.result = -errno;
		report_send(socket, &report);
		_exit(1);
	}
	close(socket);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

static void helper_main(const struct ptree_helper_job *job, int socket)
{
	int keep[PTREE_HELPER_KEEP_MAX + 2] = { socket, job->pidns_fd };

	prctl(PR_SET_NAME, "ptree-helper");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	memcpy(keep + 2, job->keep, job->nr_keep * sizeof(*keep));
	ptree_close_all_but(keep, job->nr_keep + 2);
	if (job->pidns_fd >= 0)
		work_inside(job, socket);
	work(job, socket);
}

static int hear(const struct ptree_helper *h, char *what)
{
	struct pollfd p = { .fd = h->socket, .events = POLLIN };
	struct report report;
	ssize_t n;
	int r;

	do
		r = poll(&p, 1, TIMEOUT_MSEC);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	n = recv(h->socket, &report, sizeof(report), 0);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n != sizeof(report))
		return -EPIPE;
	memcpy(what, report.what, sizeof(report.what));
	return report.result;
}

int ptree_helper_start(struct ptree_helper *h, const struct ptree_helper_job *job, char *what)
{
	sigset_t all, saved;
	int ends[2], r;

	strcpy(what, "cannot start a process for it");
	if (job->nr_keep > PTREE_HELPER_KEEP_MAX)
		return -E2BIG;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	/* With every signal blocked, none of the caller's handlers runs in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	h->pid = fork();
	if (h->pid == 0)
		helper_main(job, ends[1]);
	r = h->pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	ptree_close_fd(ends[1]);
	h->socket = ends[0];
	if (r < 0)
		h->pid = 0;
	else
		r = hear(h, what);
	if (r == -ETIMEDOUT)
		kill(h->pid, SIGKILL); /* it does not listen */
	if (r < 0)
		ptree_helper_end(h);
	return r;
}

void ptree_helper_end(struct ptree_helper *h)
{
	h->socket = ptree_close_fd(h->socket);
	if (h->pid > 0)
		while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
			;
	h->pid = 0;
}
