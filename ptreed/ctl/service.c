// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptreectl clone --service: what ptree-clone@.service starts. The clone is made in a cgroup below the unit's own and
 * becomes the unit's main process: systemd then shows it, stops it, and takes its exit status as the unit's.
 *
 * systemd learns an exit status from its children only. So the engine runs in a child of ours; when that is gone,
 * ptree-init passes to pid 1, and only then MAINPID= is sent. We ourselves leave after systemd has read it.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "ctl.h"
#include "output.h"

#define REPARENT_USEC (5 * USEC_PER_SEC)

/* The cgroup of this process below the v2 root, from the line "0::/path". */
static int own_cgroup(char *ret, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "0::/", 4) == 0) {
			line[strcspn(line, "\n")] = 0;
			snprintf(ret, size, "%s", line + 3);
			return 0;
		}
	return -ENOSYS;
}

/* Where cgroup v2 is mounted: "… - cgroup2 …" in mountinfo, whose fifth field is the mount point. */
static int cgroup_mount(char *ret, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[2 * PATH_MAX], point[PATH_MAX];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1) {
			snprintf(ret, size, "%s", point);
			return 0;
		}
	return -ENOSYS;
}

/* The clone's cgroup: a child of ours, since we must not be frozen or signalled with it. */
static int clone_cgroup_make(char *ret, size_t size)
{
	_cleanup_free_ char *path = NULL;
	char own[PATH_MAX], mount[PATH_MAX];
	int r;

	r = own_cgroup(own, sizeof(own));
	if (r < 0)
		return r;
	r = cgroup_mount(mount, sizeof(mount));
	if (r < 0)
		return r;

	if ((size_t)snprintf(ret, size, "%s/clone", own) >= size)
		return -ENAMETOOLONG;
	if (asprintf(&path, "%s%s", mount, ret) < 0)
		return -ENOMEM;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static pid_t parent_of(pid_t pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64], line[256];
	pid_t ppid = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "PPid: %d", &ppid) == 1)
			break;
	return ppid;
}

/* In the child: clone, tell the pid of ptree-init, and go. Errors are printed here, to the journal of the unit. */
static int clone_in_child(struct ctl *ctl, pid_t pid, struct ptree_clone_options *options, int pipe_fd)
{
	_cleanup_clone_ struct ptree_clone *c = NULL;
	pid_t init;
	int r, code;

	ctl->backend = ctl->backend ?: PTREE_BACKEND_DIRECT;
	code = ctl_open(ctl);
	if (code != CTL_OK)
		return code;
	r = ptree_clone(ctl->p, pid, options, &c);
	if (r < 0)
		return ctl_fail(ctl, r);

	if (!ctl->quiet)
		output_clone(c, false);
	init = ptree_clone_init_pid(c);
	if (write(pipe_fd, &init, sizeof(init)) != sizeof(init))
		return ctl_complain(ctl, CTL_FAILURE, "cannot pass on the pid of ptree-init: %m");
	return CTL_OK;
}

static int announce(struct ctl *ctl, pid_t pid, pid_t init)
{
	uint64_t end = ptree_now_usec(CLOCK_MONOTONIC) + REPARENT_USEC;
	int r;

	/* Not a state that poll() tells of; it is a matter of microseconds after the child's end. */
	while (parent_of(init) != 1) {
		if (parent_of(init) < 0)
			return ctl_complain(ctl, CTL_FAILURE, "start: the clone's init %d is gone already", init);
		if (ptree_now_usec(CLOCK_MONOTONIC) > end)
			return ctl_complain(ctl, CTL_FAILURE,
					    "start: ptree-init %d did not pass to pid 1; is a subreaper above us?", init);
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}

	r = sd_notifyf(0, "MAINPID=%d\nREADY=1\nSTATUS=Clone of process %d", init, pid);
	if (r > 0)
		r = sd_notify_barrier(0, REPARENT_USEC);
	if (r < 0)
		return ctl_complain(ctl, CTL_FAILURE, "start: cannot tell systemd of the clone: %s", strerror(-r));
	return CTL_OK;
}

int ctl_service(struct ctl *ctl, pid_t pid, struct ptree_clone_options *options)
{
	char cgroup[2 * PATH_MAX];
	int r, status, pipe_fds[2];
	pid_t child, init = 0;

	r = clone_cgroup_make(cgroup, sizeof(cgroup));
	if (r < 0)
		return ctl_complain(ctl, ctl_exit_of(r), "prepare: cannot make a cgroup for the clone: %s",
				    strerror(-r));
	options->cgroup = cgroup;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return ctl_complain(ctl, CTL_FAILURE, "pipe: %m");
	fflush(NULL);
	child = fork();
	if (child < 0)
		return ctl_complain(ctl, CTL_FAILURE, "fork: %m");
	if (child == 0) {
		close(pipe_fds[0]);
		r = clone_in_child(ctl, pid, options, pipe_fds[1]);
		fflush(NULL);
		_exit(r);
	}

	close(pipe_fds[1]);
	if (read(pipe_fds[0], &init, sizeof(init)) != sizeof(init))
		init = 0;
	close(pipe_fds[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status))
		return ctl_complain(ctl, CTL_FAILURE, "the process that cloned was ended by signal %d",
				    WTERMSIG(status));
	if (WEXITSTATUS(status) != CTL_OK || init == 0)
		return WEXITSTATUS(status) ?: CTL_FAILURE;
	return announce(ctl, pid, init);
}
