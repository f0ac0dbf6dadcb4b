// SPDX-License-Identifier: LGPL-2.1-or-later
/* The children of a process, from /proc/PID/task/TID/children. Run during the pause: a handful of calls per process. */
#include "children.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "util.h"

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

int ptree_pids_add(struct ptree_pids *list, pid_t pid)
{
	if (list->nr == list->size) {
		size_t size = list->size ? 2 * list->size : 64;
		pid_t *grown = realloc(list->pids, size * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->pids = grown;
		list->size = size;
	}
	list->pids[list->nr++] = pid;
	return 0;
}

/* A thread that is gone has none: its children have passed to another thread, or left the tree. */
static int thread_read(int task_fd, const char *tid, struct ptree_pids *list)
{
	_cleanup_close_ int fd = -1;
	char name[32], buffer[4096];
	pid_t pid = 0;
	ssize_t n;

	snprintf(name, sizeof(name), "%.16s/children", tid);
	fd = openat(task_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		/* Each number ends with a space, and may be cut by the end of the buffer. */
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9') {
				pid = pid * 10 + (buffer[i] - '0');
			} else if (pid > 0) {
				if (ptree_pids_add(list, pid) < 0)
					return -ENOMEM;
				pid = 0;
			}
		}
	}
	return n < 0 && errno != ESRCH ? -errno : 0;
}

/* Calls @f for each thread; returns how many there are, or its first negative answer. */
static int each_thread(int task_fd, int (*f)(int task_fd, const char *tid, struct ptree_pids *list),
		       struct ptree_pids *list)
{
	char buffer[8192] __attribute__((aligned(8)));
	int nr_threads = 0;
	long n;
	int r;

	if (lseek(task_fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = syscall(SYS_getdents64, task_fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			struct linux_dirent64 *entry = (struct linux_dirent64 *)(buffer + at);

			at += entry->d_reclen;
			if (entry->d_name[0] == '.')
				continue;
			nr_threads++;
			r = f(task_fd, entry->d_name, list);
			if (r < 0)
				return r;
		}
	}
	if (n < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	return nr_threads;
}

static int thread_add(int task_fd, const char *tid, struct ptree_pids *list)
{
	(void)task_fd;
	return ptree_pids_add(list, (pid_t)atoi(tid));
}

int ptree_children_read(int task_fd, struct ptree_pids *list)
{
	return each_thread(task_fd, thread_read, list);
}

int ptree_threads_read(int task_fd, struct ptree_pids *list)
{
	return each_thread(task_fd, thread_add, list);
}
