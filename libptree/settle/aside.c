// SPDX-License-Identifier: LGPL-2.1-or-later
/* A child process for work aside. */
#include "aside.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../util.h"

static int child(int (*body)(void *argument), void *argument, unsigned long nofile, pid_t parent)
{
	struct rlimit limit;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return -ECANCELED;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur < nofile) {
		limit.rlim_cur = nofile;
		if (limit.rlim_max < nofile)
			limit.rlim_max = nofile;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return -errno;
	}
	return body(argument);
}

int ptree_aside(int (*body)(void *argument), void *argument, unsigned long nofile)
{
	pid_t parent = getpid(), pid;
	sigset_t all, saved;
	int status, r;

	/* The program's signal handlers are not to run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	/* Without an exit signal: no SIGCHLD, and only a wait with __WCLONE sees it. */
	pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(-child(body, argument, nofile, parent));
	r = pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, __WCLONE) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int ptree_aside_keep(int fd, int number)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, number);

	if (kept < 0)
		return -errno;
	if (kept > 0 && syscall(SYS_close_range, 0, kept - 1, 0) < 0)
		return -errno;
	return syscall(SYS_close_range, kept + 1, ~0u, 0) < 0 ? -errno : kept;
}
