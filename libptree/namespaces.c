// SPDX-License-Identifier: LGPL-2.1-or-later
/* Namespaces of the clone's own: made one by one, each by a helper inside the source's. Setting them up is their kinds'. */
#include "namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "namespaces/kinds.h"
#include "op.h"
#include "proc.h"

static const struct kind {
	const char *name;
	const char *file;		/* in /proc/PID/ns */
	int flag;
	uint32_t clone_flag;		/* the module's */
	ptree_namespace_setup *setup;
} kinds[_PTREE_NAMESPACE_MAX] = {
	[PTREE_NAMESPACE_MNT] = { "mount namespace", "ns/mnt", CLONE_NEWNS, PTREE_CLONE_MNT, ptree_mnt_setup },
	[PTREE_NAMESPACE_IPC] = { "IPC namespace", "ns/ipc", CLONE_NEWIPC, PTREE_CLONE_IPC, ptree_ipc_setup },
	[PTREE_NAMESPACE_NET] = { "network namespace", "ns/net", CLONE_NEWNET, PTREE_CLONE_NET, ptree_net_setup },
	[PTREE_NAMESPACE_UTS] = { "UTS namespace", "ns/uts", CLONE_NEWUTS, PTREE_CLONE_UTS, NULL },
};

int ptree_namespace_error(struct ptree_op *op, enum ptree_namespace ns, int r, const char *what)
{
	return ptree_error_set(&op->error, r, 0, "%s: cannot make the clone's %s: %s: %m; %s%s does without one",
			       ptree_step_name(op->step), kinds[ns].name, what,
			       ns == PTREE_NAMESPACE_MNT ? "--share=" : "leaving out --private=", ptree_namespace_word(ns));
}

struct enter {
	int owner_fd;		/* the user namespace that the source's namespace belongs to; -1: the caller's own */
	int source_fd;
	int flag;
};

/* Where the source is, a new one: it belongs to the same user namespace, and copies what is copied. */
static int enter_and_leave(void *argument, char *what)
{
	const struct enter *e = argument;

	strcpy(what, "entering its user namespace");
	if (e->owner_fd >= 0 && setns(e->owner_fd, CLONE_NEWUSER) < 0)
		return -errno;
	strcpy(what, "entering the source's");
	if (setns(e->source_fd, e->flag) < 0)
		return -errno;
	strcpy(what, "making a new one");
	return unshare(e->flag) < 0 ? -errno : 0;
}

static bool is_same(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int owner_open(int ns_fd, int *ret)
{
	int fd = ioctl(ns_fd, NS_GET_USERNS);

	if (fd < 0)
		return -errno;
	if (is_same(fd, "/proc/self/ns/user"))
		fd = ptree_close_fd(fd);
	*ret = fd;
	return 0;
}

/* The root's; that it still is of the process of the pidfd is checked after the fact. */
static int source_open(const struct ptree_op *op, const char *file)
{
	_cleanup_close_ int proc = ptree_proc_open(ptree_proc_living(op->pid)), fd = -1;
	pid_t pid;

	if (proc < 0)
		return proc;
	fd = openat(proc, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	pid = ptree_proc_pidfd_pid(op->pidfd);
	return pid < 0 ? pid : TAKE_FD(fd);
}

static int of_process(pid_t pid, const char *file, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make(struct ptree_op *op, enum ptree_namespace ns)
{
	_cleanup_helper_ struct ptree_helper maker = PTREE_HELPER_INIT;
	_cleanup_close_ int source = -1, owner = -1;
	const struct kind *kind = &kinds[ns];
	char what[PTREE_HELPER_WHAT_MAX];
	struct enter enter;
	int r;

	r = source = source_open(op, kind->file);
	/* It has exited, or its first thread has: the walk says what there is to say of that. */
	if (r == -ESRCH)
		return 0;
	if (r >= 0)
		r = owner_open(source, &owner);
	if (r < 0)
		return ptree_namespace_error(op, ns, r, "looking at the source's");
	if (ns == PTREE_NAMESPACE_MNT) {
		op->namespaces.mounts_fd = source_open(op, "mountinfo");
		if (op->namespaces.mounts_fd < 0)
			return ptree_namespace_error(op, ns, op->namespaces.mounts_fd, "looking at the source's");
	}
	enter = (struct enter){ .owner_fd = owner, .source_fd = source, .flag = kind->flag };
	r = ptree_helper_start(&maker, &(struct ptree_helper_job){
		.work = enter_and_leave,
		.argument = &enter,
		.pidns_fd = -1,
		.keep = (int[]){ owner, source },
		.nr_keep = 2,
	}, what);
	if (r < 0)
		return ptree_namespace_error(op, ns, r, what);
	op->namespaces.fds[ns] = of_process(maker.pid, kind->file, O_RDONLY);
	if (op->namespaces.fds[ns] < 0)
		return ptree_namespace_error(op, ns, op->namespaces.fds[ns], "opening it");
	return kind->setup ? kind->setup(op, source, maker.pid) : 0;
}

static int enter_all(void *argument, char *what)
{
	const struct ptree_namespaces *n = argument;

	for (int i = 0; i < _PTREE_NAMESPACE_MAX; i++) {
		if (n->fds[i] < 0 || setns(n->fds[i], kinds[i].flag) == 0)
			continue;
		snprintf(what, PTREE_HELPER_WHAT_MAX, "entering the clone's %s", kinds[i].name);
		return -errno;
	}
	return 0;
}

int ptree_namespaces_prepare(struct ptree_op *op)
{
	struct ptree_namespaces *n = &op->namespaces;
	char what[PTREE_HELPER_WHAT_MAX];
	int r;

	for (int i = 0; i < _PTREE_NAMESPACE_MAX; i++) {
		if (!ptree_namespace_private(&op->policies, i))
			continue;
		r = make(op, i);
		if (r < 0)
			return r;
	}
	if (ptree_namespaces_flags(n) == 0)
		return 0;
	r = ptree_helper_start(&n->donor, &(struct ptree_helper_job){
		.work = enter_all,
		.argument = n,
		.pidns_fd = -1,
		.keep = n->fds,
		.nr_keep = _PTREE_NAMESPACE_MAX,
	}, what);
	if (r == 0)
		r = n->donor_pidfd = ptree_proc_pidfd_open(n->donor.pid, 0);
	if (r >= 0 && n->fds[PTREE_NAMESPACE_MNT] >= 0)
		r = n->root_fd = of_process(n->donor.pid, "root", O_PATH | O_DIRECTORY);
	if (r < 0)
		return ptree_error_set(&op->error, r, 0, "prepare: cannot get the clone's namespaces ready: %s: %m", what);
	return 0;
}

uint32_t ptree_namespaces_flags(const struct ptree_namespaces *n)
{
	uint32_t flags = 0;

	for (int i = 0; i < _PTREE_NAMESPACE_MAX; i++)
		if (n->fds[i] >= 0)
			flags |= kinds[i].clone_flag;
	return flags;
}

bool ptree_namespaces_has(const struct ptree_op *op, const struct ptree_member *m, enum ptree_namespace ns)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", m->twin, kinds[ns].file);
	return op->namespaces.fds[ns] >= 0 && is_same(op->namespaces.fds[ns], path);
}

/* The twins hold them by now. */
static void donor_end(struct ptree_namespaces *n)
{
	n->donor_pidfd = ptree_close_fd(n->donor_pidfd);
	ptree_helper_end(&n->donor);
}

int ptree_namespaces_capture(struct ptree_op *op)
{
	int r = 0;

	if (op->namespaces.fds[PTREE_NAMESPACE_MNT] >= 0)
		r = ptree_mnt_capture(op);
	if (r == 0 && op->namespaces.fds[PTREE_NAMESPACE_MNT] >= 0)
		r = ptree_shm_capture(op);
	if (r == 0 && op->namespaces.fds[PTREE_NAMESPACE_IPC] >= 0)
		r = ptree_ipc_capture(op);
	return r;
}

int ptree_namespaces_settle(struct ptree_op *op)
{
	struct ptree_namespaces *n = &op->namespaces;
	int r = 0;

	if (n->fds[PTREE_NAMESPACE_MNT] >= 0) {
		r = ptree_mnt_settle(op);
		if (r == 0)
			r = ptree_directories_settle(op);
		if (r == 0)
			r = ptree_shm_settle(op);
	}
	if (r == 0 && n->fds[PTREE_NAMESPACE_IPC] >= 0)
		r = ptree_ipc_settle(op);
	donor_end(n);
	return r;
}

void ptree_namespaces_done(struct ptree_namespaces *n)
{
	donor_end(n);
	n->root_fd = ptree_close_fd(n->root_fd);
	n->mounts_fd = ptree_close_fd(n->mounts_fd);
	n->shm_fd = ptree_close_fd(n->shm_fd);
	n->ipc_source_fd = ptree_close_fd(n->ipc_source_fd);
	ptree_ipc_done(&n->ipc);
	free(n->inner_procs);
	n->inner_procs = NULL;
	n->nr_inner_procs = 0;
	for (int i = 0; i < _PTREE_NAMESPACE_MAX; i++)
		n->fds[i] = ptree_close_fd(n->fds[i]);
}
