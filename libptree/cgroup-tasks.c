// SPDX-License-Identifier: LGPL-2.1-or-later
/* The processes in a cgroup: listing, moving, and waiting for the freezer. The cgroups themselves are cgroup.c's. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "cgroup.h"
#include "internal.h"

#define SPIN_USEC 2000		/* re-read without sleeping for so long; a read takes 4 µs */
#define SLEEP_MIN_USEC 50
#define SLEEP_MAX_USEC 1000

int ptree_cgroup_event(int events_fd, const char *key)
{
	char buffer[256];
	size_t n = strlen(key);
	ssize_t length;

	length = pread(events_fd, buffer, sizeof(buffer) - 1, 0);
	if (length < 0)
		return -errno;
	buffer[length] = '\0';
	for (char *line = buffer; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, n) == 0 && line[n] == ' ')
			return line[n + 1] == '1';
	return -ENODATA;
}

int ptree_cgroup_wait_events(const int *events_fds, size_t n, const char *key, int value, uint64_t timeout_usec)
{
	uint64_t start = ptree_now_usec(CLOCK_MONOTONIC);
	uint64_t sleep_usec = SLEEP_MIN_USEC;
	size_t i = 0;

	for (;;) {
		uint64_t passed;
		int r;

		/* Each once: a frozen cgroup stays so until it is thawed or gets a new process. */
		while (i < n) {
			r = ptree_cgroup_event(events_fds[i], key);
			if (r == -ENODEV && value == 0) /* removed: nobody is in it */
				r = 0;
			if (r < 0)
				return r;
			if (r != value)
				break;
			i++;
		}
		if (i == n)
			return 0;

		passed = ptree_now_usec(CLOCK_MONOTONIC) - start;
		if (passed >= timeout_usec)
			return -ETIMEDOUT;
		if (passed < SPIN_USEC) {
			/* Those who shall freeze may need this CPU for it. */
			sched_yield();
		} else {
			struct timespec ts = { .tv_nsec = (long)sleep_usec * 1000 };

			nanosleep(&ts, NULL);
			if (sleep_usec < SLEEP_MAX_USEC)
				sleep_usec *= 2;
		}
	}
}

int ptree_cgroup_freeze(int dir_fd, bool freeze, uint64_t timeout_usec)
{
	_cleanup_close_ int events = -1;
	int r;

	events = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (events < 0)
		return -errno;
	r = ptree_cgroup_write(dir_fd, "cgroup.freeze", freeze ? "1" : "0");
	if (r < 0)
		return r;
	/* An empty cgroup is frozen at once; one below a frozen cgroup never says that it is thawed. */
	if (!freeze)
		return 0;
	return ptree_cgroup_wait_events(&events, 1, "frozen", 1, timeout_usec);
}

static int each_pid_in(int dir_fd, const char *name, int (*f)(pid_t pid, void *userdata), void *userdata)
{
	_cleanup_fclose_ FILE *file = NULL;
	int fd, pid, r;

	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "re");
	if (!file) {
		ptree_close_fd(fd);
		return -ENOMEM;
	}
	while (fscanf(file, "%d", &pid) == 1) {
		if (pid == 0) /* not in our pid namespace */
			continue;
		r = f(pid, userdata);
		if (r < 0)
			return r;
	}
	return ferror(file) ? -EIO : 0;
}

static int each_pid_below(int dir_fd, int (*f)(pid_t pid, void *userdata), void *userdata)
{
	struct dirent *entry;
	DIR *dir;
	int fd, r = 0;

	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		ptree_close_fd(fd);
		return -ENOMEM;
	}
	while (r >= 0 && (entry = readdir(dir))) {
		_cleanup_close_ int child = -1;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		child = openat(dir_fd, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (child < 0)
			continue; /* removed meanwhile */
		r = each_pid_in(child, "cgroup.procs", f, userdata);
		if (r >= 0 || r == -ENODEV || r == -ENOENT)
			r = each_pid_below(child, f, userdata);
	}
	closedir(dir);
	return r;
}

int ptree_cgroup_each_pid(const char *path, bool recursive, int (*f)(pid_t pid, void *userdata), void *userdata)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = ptree_cgroup_open(path);
	if (fd < 0)
		return fd;
	r = each_pid_in(fd, "cgroup.procs", f, userdata);
	if (r < 0 || !recursive)
		return r;
	return each_pid_below(fd, f, userdata);
}

struct mover {
	int procs_fd;
	unsigned nr_moved;
};

/* A process that died meanwhile, or is dying, is no failure: it leaves by itself. */
static int move_one(pid_t pid, void *userdata)
{
	struct mover *m = userdata;
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", pid);

	if (write(m->procs_fd, text, (size_t)n) == n)
		m->nr_moved++;
	return 0;
}

/*
 * Again and again, for processes may fork while they are moved: the child is born where its parent is. A process whose main
 * thread has ended is listed where that was at its end, and that is not moved any more: the others are found as threads.
 */
int ptree_cgroup_move_all(const char *from, const char *to)
{
	_cleanup_close_ int from_fd = -1, to_fd = -1;
	struct mover m = { .procs_fd = -1 };
	int r = 0;

	to_fd = ptree_cgroup_open(to);
	if (to_fd < 0)
		return to_fd;
	from_fd = ptree_cgroup_open(from);
	if (from_fd < 0)
		return from_fd == -ENOENT || from_fd == -ENODEV ? 0 : from_fd;
	m.procs_fd = openat(to_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (m.procs_fd < 0)
		return -errno;
	for (int i = 0; i < 1000; i++) {
		m.nr_moved = 0;
		r = each_pid_in(from_fd, "cgroup.procs", move_one, &m);
		if (r == 0 && m.nr_moved == 0)
			r = each_pid_in(from_fd, "cgroup.threads", move_one, &m);
		if (r < 0 || m.nr_moved == 0)
			break;
	}
	m.procs_fd = ptree_close_fd(m.procs_fd);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}
