// SPDX-License-Identifier: LGPL-2.1-or-later
/* Directories that the caller names: found while the clone is prepared, so that what is wrong costs nobody a pause. */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "../op.h"

/* What a directory that the caller names is called in the mount namespace of the root, as the root sees it. */
static int named_find(const struct ptree_op *op, const char *name, char *path)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	_cleanup_close_ int root = -1, fd = -1, found = -1;
	struct stat st;
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/root", op->pid);
	root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, name, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	if (op->requester_pidfd >= 0 && op->uid != 0 && (fstat(fd, &st) < 0 || st.st_uid != op->uid))
		return -EPERM;
	found = ptree_namespaces_find(&op->namespaces, path, fd);
	return found < 0 ? found : 0;
}

static int named_add(struct ptree_op *op, const char *name)
{
	struct ptree_place *p;
	char path[PATH_MAX];
	int r;

	r = named_find(op, name, path);
	if (r == -ENOENT || r == -ENOTDIR || r == -ESRCH)
		return ptree_error_set(&op->error, -EINVAL, op->pid, "prepare: copy=%.128s: pid %d has no such directory", name,
				       op->pid);
	if (r == -EPERM)
		return ptree_error_set(&op->error, r, op->pid,
				       "prepare: copy=%.128s: users may have copied what is their own; root any directory", name);
	if (r < 0)
		return ptree_copies_failed(op, r, name);
	if (strcmp(path, "/") == 0)
		return ptree_error_set(&op->error, -EINVAL, op->pid,
				       "prepare: copy=%.128s: the root directory cannot be replaced; name directories in it", name);
	p = ptree_place_add(&op->copies, path);
	if (!p)
		return ptree_error_oom(&op->error, "prepare");
	p->whole = true;
	p->single = false;
	return 0;
}

int ptree_copies_named(struct ptree_op *op)
{
	int r = 0;

	for (size_t i = 0; i < op->nr_copy_paths && r == 0; i++)
		r = named_add(op, op->copy_paths[i]);
	return r;
}
