// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files and directories in /proc: opened anew in the clone's own /proc, where the same path is about the same process of
 * the clone. The twin itself opens them, for what one may see there depends on who has opened it. What has no such path
 * (a process that has ended, a /proc of another pid namespace) is treated as any other file.
 */
#include "proc-file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../call.h"
#include "../proc.h"
#include "regular.h"

bool ptree_proc_file_is(const struct ptree_file *f)
{
	return f->info.fs_magic == PROC_SUPER_MAGIC && (S_ISREG(f->info.mode) || S_ISDIR(f->info.mode)) && f->nr_fds > 0;
}

static bool is_path(const struct ptree_file *f)
{
	return f->info.flags & O_PATH;
}

int ptree_proc_file_judge(struct ptree_op *op, struct ptree_file *f)
{
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one offset for both, and about the source's processes");
	if (is_path(f) && !ptree_namespace_private(&op->policies, PTREE_NAMESPACE_MNT))
		f->policy = PTREE_POLICY_EXACT;
	return 0;
}

/* The path that the twin's descriptor shows, if it leads into the clone's /proc. */
static int path_find(const struct ptree_op *op, const struct ptree_fd *d, char *path, size_t size)
{
	_cleanup_close_ int original = -1, found = -1;
	struct stat a, b;
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", d->member->twin, d->fd);
	n = readlink(link, path, size - 1);
	original = n < 0 ? -1 : open(link, O_PATH | O_CLOEXEC);
	if (original < 0)
		return -errno;
	path[n] = '\0';
	found = ptree_namespaces_find(&op->namespaces, path, original);
	if (found < 0)
		return found;
	/* A /proc that is the source's as well as the clone's is about other processes than theirs. */
	return fstat(original, &a) == 0 && fstat(found, &b) == 0 && a.st_dev != b.st_dev ? 0 : -ENOENT;
}

static int take(const struct ptree_member *m, int number)
{
	_cleanup_close_ int pidfd = ptree_proc_pidfd_open(m->twin, 0);
	long fd;

	if (pidfd < 0)
		return pidfd;
	fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	return fd < 0 ? -errno : (int)fd;
}

/* 1: f->twin_fd is open; 0: the twin may not open it. */
static int open_in_twin(struct ptree_op *op, struct ptree_file *f, const char *path)
{
	_cleanup_(ptree_calls_done) struct ptree_calls open = PTREE_CALLS_INIT, close = PTREE_CALLS_INIT;
	const struct ptree_member *m = f->fds[0].member;
	size_t name = ptree_calls_data(&open, path, strlen(path) + 1);
	int number, r;

	ptree_calls_add(&open, SYS_openat, CALL_FILE(op->namespaces.root_fd), CALL_DATA(name),
			CALL_NUMBER(f->info.flags | O_CLOEXEC));
	r = ptree_calls_run(&open, op, m, 0, "settle");
	if (r < 0)
		return op->error.code < 0 ? r : 0;
	number = (int)open.results[0];
	f->twin_fd = take(m, number);
	ptree_calls_add(&close, SYS_close, CALL_NUMBER(number));
	r = ptree_calls_run(&close, op, m, 0, "settle");
	if (f->twin_fd < 0)
		return f->twin_fd;
	return r < 0 ? r : 1;
}

int ptree_proc_file_settle(struct ptree_op *op, struct ptree_file *f)
{
	char path[PATH_MAX];
	int r = 0;

	if (op->namespaces.root_fd >= 0 && path_find(op, &f->fds[0], path, sizeof(path)) == 0)
		r = open_in_twin(op, f, path + 1);
	if (r < 0)
		return r;
	if (r == 0)
		return is_path(f) ? 0 : ptree_regular_settle(op, f);
	if (!is_path(f) && f->info.pos > 0)
		lseek(f->twin_fd, f->info.pos, SEEK_SET); /* what is shorter by now is at its end */
	return 0;
}
