// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Root and working directories: a twin is born with its source's, which are in the source's mount namespace. They move to
 * where the same path leads to in the clone's. What has no path there (a directory that is deleted, or covered, or behind
 * an unmounted file system) stays where it is, and goes on to work.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "../call.h"
#include "../op.h"
#include "../proc.h"
#include "kinds.h"

static bool is_in_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

int ptree_namespaces_find(const struct ptree_namespaces *n, const char *path, int original_fd)
{
	struct stat original, found;
	_cleanup_close_ int fd = -1;

	if (*path != '/')
		return -ENOENT;
	/* Symbolic links that have come into the path since lead to something else, and that is seen. */
	fd = openat(n->root_fd, path[1] ? path + 1 : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(original_fd, &original) < 0 || fstat(fd, &found) < 0)
		return -ENOENT;
	if (found.st_dev == original.st_dev && found.st_ino == original.st_ino)
		return TAKE_FD(fd);
	if (n->copies && ptree_copies_replaced(n->copies, path, &original))
		return TAKE_FD(fd);
	/* There it has the clone's processes, in another file system. */
	if (!is_in_proc(original_fd) || !is_in_proc(fd) || (original.st_mode & S_IFMT) != (found.st_mode & S_IFMT))
		return -ENOENT;
	return TAKE_FD(fd);
}

/* One directory of a twin: where it is, and where it is to be (or -1). */
struct directory {
	char path[PATH_MAX];
	int old_fd, new_fd;
};

static void directory_done(struct directory *d)
{
	ptree_close_fd(d->old_fd);
	ptree_close_fd(d->new_fd);
}

static int directory_look(struct directory *d, const struct ptree_namespaces *n, int proc_fd, const char *link)
{
	ssize_t length = readlinkat(proc_fd, link, d->path, sizeof(d->path) - 1);

	/* Longer than a path can be: without one. */
	if (length < 0 && errno != ENAMETOOLONG)
		return -errno;
	d->path[length > 0 ? length : 0] = '\0';
	d->old_fd = openat(proc_fd, link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->old_fd < 0)
		return -errno;
	d->new_fd = ptree_namespaces_find(n, d->path, d->old_fd);
	return 0;
}

static int stays(struct ptree_op *op, const struct ptree_member *m, const char *kind, const struct directory *d)
{
	int r = ptree_report_add(op->report, PTREE_POLICY_SHARE, kind, d->path,
				 "its path leads elsewhere in the clone's mount namespace: it stays in the source's", "--share=mnt");

	if (r == 0)
		r = ptree_report_add_user(op->report, m->pid, -1);
	return r < 0 ? ptree_error_oom(&op->error, "settle") : 0;
}

/* A container inside the tree. */
static int elsewhere(struct ptree_op *op, const struct ptree_member *m)
{
	int r = ptree_report_add(op->report, PTREE_POLICY_SHARE, "mount namespace", m->comm,
				 "another one than the root's: it keeps it, and what /proc says there is about the source", "");

	if (r == 0)
		r = ptree_report_add_user(op->report, m->pid, -1);
	return r < 0 ? ptree_error_oom(&op->error, "settle") : 0;
}

static int move(struct ptree_op *op, const struct ptree_member *m, const struct directory *root,
		const struct directory *working)
{
	_cleanup_(ptree_calls_done) struct ptree_calls calls = PTREE_CALLS_INIT;
	size_t dot = ptree_calls_data(&calls, ".", 2);
	int r;

	ptree_calls_add(&calls, SYS_fchdir, CALL_FILE(root->new_fd));
	ptree_calls_add(&calls, SYS_chroot, CALL_DATA(dot));
	ptree_calls_add(&calls, SYS_fchdir, CALL_FILE(working->new_fd >= 0 ? working->new_fd : working->old_fd));
	r = ptree_calls_run(&calls, op, m, PTREE_CALL_PRIVILEGED, "settle");
	/* Programs of another architecture make no calls for us. */
	if (r == -EOPNOTSUPP || (r < 0 && op->error.code == 0))
		ptree_error_set(&op->error, r, m->pid,
				"settle: pid %d (%s): its root and working directory cannot be moved to the clone's mount namespace: %m; --share=mnt does without one",
				m->pid, m->comm);
	return r;
}

/* Its own mount namespace is the clone's: not that of a container inside the tree. */
static int is_inside(const struct ptree_op *op, int proc_fd)
{
	struct stat own, twin;

	if (fstat(op->namespaces.fds[PTREE_NAMESPACE_MNT], &own) < 0 || fstatat(proc_fd, "ns/mnt", &twin, 0) < 0)
		return -errno;
	return own.st_ino == twin.st_ino;
}

/* That of a process that has ended: who leaves /proc/PID then cannot come back. */
static bool is_dead(const struct directory *d)
{
	return d->new_fd < 0 && faccessat(d->old_fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0 && errno == ESRCH;
}

static int member_move(struct ptree_op *op, const struct ptree_member *m)
{
	_cleanup_(directory_done) struct directory root = { .old_fd = -1, .new_fd = -1 };
	_cleanup_(directory_done) struct directory working = { .old_fd = -1, .new_fd = -1 };
	_cleanup_close_ int proc_fd = ptree_proc_open(m->twin);
	int r = proc_fd;

	if (r >= 0)
		r = is_inside(op, proc_fd);
	if (r > 0)
		r = directory_look(&root, &op->namespaces, proc_fd, "root");
	if (r >= 0 && root.old_fd >= 0)
		r = directory_look(&working, &op->namespaces, proc_fd, "cwd");
	if (r < 0)
		return ptree_error_set(&op->error, r, m->pid, "settle: cannot look at the directories of pid %d (%s): %m", m->pid,
				       m->comm);
	if (root.old_fd < 0)
		return elsewhere(op, m);
	if (root.new_fd < 0 || is_dead(&working))
		return stays(op, m, "root directory", &root);
	r = move(op, m, &root, &working);
	return r < 0 || working.new_fd >= 0 ? r : stays(op, m, "working directory", &working);
}

int ptree_directories_settle(struct ptree_op *op)
{
	for (size_t i = 0; i < op->nr_members; i++) {
		int r = op->members[i]->twin_nr_threads > 0 ? member_move(op, op->members[i]) : 0;

		if (r < 0)
			return r;
	}
	ptree_report_sort(op->report);
	return 0;
}
