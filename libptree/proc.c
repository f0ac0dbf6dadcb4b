// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says about a process. What it means for a clone is walk.c's to judge. */
#include "proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"

#define HOST_PIDNS 0xeffffffc	/* PROC_PID_INIT_INO, include/linux/proc_ns.h, read in v6.1, v6.12, v7.2 */
#define PROC_PATH_MAX (sizeof("/proc/-2147483648/ns/pid"))

int ptree_proc_read(int dir_fd, const char *name, char *buffer, size_t size)
{
	_cleanup_close_ int fd = -1;
	size_t n = 0;
	ssize_t r;

	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (n < size) {
		r = read(fd, buffer + n, size - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0) {
			buffer[n] = '\0';
			return (int)n;
		}
		n += (size_t)r;
	}
	return -ENOBUFS;
}

int ptree_proc_open(pid_t pid)
{
	char path[PROC_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

/*
 * The name stands in parentheses and may itself hold spaces and parentheses: it ends at the last ")" of the file, for
 * nothing behind it can contain one.
 */
int ptree_proc_stat_parse(const char *text, struct ptree_proc_stat *ret)
{
	struct ptree_proc_stat s = { 0 };
	const char *open = strchr(text, '(');
	const char *end = strrchr(text, ')');
	unsigned long long start;
	size_t n;

	if (!open || !end || end < open || sscanf(text, "%d", &s.pid) != 1)
		return -EBADMSG;
	n = (size_t)(end - open - 1);
	if (n >= sizeof(s.comm))
		n = sizeof(s.comm) - 1;
	memcpy(s.comm, open + 1, n);

	/* state ppid pgrp session tty tpgid flags, then 10 fields, num_threads, itrealvalue, starttime */
	if (sscanf(end + 1,
		   " %c %d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu",
		   &s.state, &s.ppid, &s.flags, &s.nr_threads, &start) != 5)
		return -EBADMSG;
	s.start = start;
	*ret = s;
	return 0;
}

/* The value of a "Key:\tvalue" line; the key must begin a line, for Name: may hold anything but a newline. */
static const char *status_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, n) == 0)
			return line + n;
	return NULL;
}

int ptree_proc_status_parse(const char *text, struct ptree_proc_status *ret)
{
	struct ptree_proc_status s = { 0 };
	const char *tracer = status_value(text, "TracerPid:");
	const char *numbers = status_value(text, "NSpid:");

	if (!tracer || sscanf(tracer, "%d", &s.tracer) != 1 || !numbers)
		return -EBADMSG;
	while (*numbers != '\n' && *numbers) {
		char *end;
		long n = strtol(numbers, &end, 10);

		if (end == numbers || n < 0 || n > INT_MAX || s.nr_numbers == PTREE_PROC_LEVELS_MAX)
			return -EBADMSG;
		s.numbers[s.nr_numbers++] = (pid_t)n;
		numbers = end;
	}
	if (s.nr_numbers == 0)
		return -EBADMSG;
	*ret = s;
	return 0;
}

int ptree_proc_stat(int proc_fd, struct ptree_proc_stat *ret)
{
	char buffer[1024];
	int r;

	r = ptree_proc_read(proc_fd, "stat", buffer, sizeof(buffer));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	return ptree_proc_stat_parse(buffer, ret);
}

/* Groups: stands before NSpid: and may have 65536 numbers, so the buffer grows where it must. */
int ptree_proc_status(int proc_fd, struct ptree_proc_status *ret)
{
	char small[4096];
	size_t size = sizeof(small);
	int r;

	r = ptree_proc_read(proc_fd, "status", small, size);
	if (r >= 0)
		return ptree_proc_status_parse(small, ret);
	while (r == -ENOBUFS && size < (1 << 21)) {
		_cleanup_free_ char *buffer = malloc(size *= 4);

		if (!buffer)
			return -ENOMEM;
		r = ptree_proc_read(proc_fd, "status", buffer, size);
		if (r >= 0)
			return ptree_proc_status_parse(buffer, ret);
	}
	return r == -ENOENT ? -ESRCH : r;
}

static bool has_ended(int dir_fd, const char *name, unsigned *ret_nr_threads)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct ptree_proc_stat stat;

	if (fd < 0 || ptree_proc_stat(fd, &stat) < 0)
		return true;
	*ret_nr_threads = stat.nr_threads;
	return stat.state == 'Z' || stat.state == 'X';
}

pid_t ptree_proc_living(pid_t pid)
{
	char path[PROC_PATH_MAX];
	struct dirent *entry;
	unsigned nr_threads = 0;
	pid_t found = pid;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (!has_ended(AT_FDCWD, path, &nr_threads) || nr_threads < 2)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && found == pid && (entry = readdir(tasks)))
		if (atoi(entry->d_name) > 0 && !has_ended(dirfd(tasks), entry->d_name, &nr_threads))
			found = (pid_t)atoi(entry->d_name);
	if (tasks)
		closedir(tasks);
	return found;
}

uint64_t ptree_proc_start(pid_t pid)
{
	struct ptree_proc_stat stat;
	_cleanup_close_ int fd = -1;

	fd = ptree_proc_open(pid);
	if (fd < 0 || ptree_proc_stat(fd, &stat) < 0)
		return 0;
	return stat.start;
}

static int pidns_open(pid_t pid)
{
	char path[PROC_PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int ptree_proc_in_pidns(pid_t pid, pid_t of)
{
	_cleanup_close_ int outer = pidns_open(of), inner = pidns_open(pid);
	struct stat x, y;

	if (outer < 0 || fstat(outer, &x) < 0)
		return 0;
	/* Upwards, as far as we may look (man 2 ioctl_ns). */
	while (inner >= 0 && fstat(inner, &y) == 0) {
		int parent;

		if (x.st_ino == y.st_ino && x.st_dev == y.st_dev)
			return 1;
		parent = ioctl(inner, NS_GET_PARENT);
		close(inner);
		inner = parent;
	}
	return 0;
}

bool ptree_proc_is_inner(void)
{
	struct stat own;

	return stat("/proc/self/ns/pid", &own) == 0 && own.st_ino != HOST_PIDNS;
}

pid_t ptree_proc_pidfd_pid(int pidfd)
{
	char path[64], buffer[1024];
	const char *value;
	pid_t pid;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	r = ptree_proc_read(AT_FDCWD, path, buffer, sizeof(buffer));
	if (r < 0)
		return r == -ENOENT ? -EBADF : r;
	value = status_value(buffer, "Pid:");
	if (!value || sscanf(value, "%d", &pid) != 1)
		return -EBADF;
	if (pid <= 0) /* -1: reaped; 0: not in our pid namespace */
		return -ESRCH;
	return pid;
}

int ptree_proc_pidfd_open(pid_t pid, uint64_t start)
{
	_cleanup_close_ int fd = -1;

	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;

	/* Looked at after it was opened: if the start matches now, the pidfd cannot be of an earlier bearer. */
	if (start != 0 && ptree_proc_start(pid) != start)
		return -ESRCH;
	return TAKE_FD(fd);
}

int ptree_proc_pidfd_kill(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}
