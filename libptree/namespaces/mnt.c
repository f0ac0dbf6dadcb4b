// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A mount namespace of the clone's own: a slave of the source's, so that what is mounted or unmounted there later is here
 * too, and nothing the other way round; in which a /proc of the clone's pid namespace stands in the place of every /proc
 * of the source's. What is mounted in a /proc (masks, binfmt_misc) is mounted in the new one again.
 *
 * A root that is pid 1, as in a container, is in two of them: the clone's, and one below it, which there is only when the
 * root's twin is. Its /proc follows when the clone settles.
 *
 * The mount namespace may belong to another user namespace than ours, while the clone's pid namespace belongs to ours: the
 * file systems are made by a helper in our mount namespace, which then enters the new one with them.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../proc.h"
#include "kinds.h"
#include "mounts.h"

/* What is to be mounted again in the new /proc. */
struct carried {
	const struct ptree_mount *mount;
	int fd;				/* a copy of it; -1: a part of /proc itself */
};

struct mnt_job {
	int ns_fd;
	int root_fd;			/* of the new namespace */
	struct ptree_mounts mounts;	/* of the new namespace */
	bool *replace;			/* [mounts.nr]: it is a whole /proc of that pid namespace of the source's */
	int *new_fds;			/* [mounts.nr]: what comes in its place, or -1 */
	struct carried *carried;	/* room for all mounts */
	size_t nr_carried;
	bool is_new;			/* it is not yet a slave of the source's */
	char *what;
};

static bool is_proc(const struct ptree_mount *m)
{
	return strcmp(m->type, "proc") == 0;
}

/* A process by which a /proc is told: its number there, how many pid namespaces it is in from there on, and the last. */
struct mark {
	pid_t number;
	unsigned nr_levels;
	ino_t pidns;
};

/* 1: it is a whole /proc, and it says that of the process. */
static int is_of(int root_fd, const struct ptree_mount *m, const struct mark *mark)
{
	_cleanup_close_ int fd = -1, process = -1;
	struct ptree_proc_status status;
	struct stat ns;
	char number[16];

	if (!is_proc(m) || strcmp(m->root, "/") != 0)
		return 0;
	fd = ptree_mount_open(root_fd, m);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	snprintf(number, sizeof(number), "%d", mark->number);
	process = openat(fd, number, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return 0;
	if (fstatat(process, "ns/pid", &ns, 0) < 0 || ptree_proc_status(process, &status) < 0)
		return 0;
	return ns.st_ino == mark->pidns && status.nr_numbers == mark->nr_levels;
}

/* A mounted part of a /proc that is replaced. Directories of processes are none: the clone has no processes yet. */
static const struct ptree_mount *whole_of(const struct mnt_job *job, const struct ptree_mount *m)
{
	if (!is_proc(m) || strcmp(m->root, "/") == 0 || (m->root[1] >= '0' && m->root[1] <= '9'))
		return NULL;
	for (size_t i = 0; i < job->mounts.nr; i++)
		if (job->replace[i] && job->mounts.mounts[i].dev == m->dev)
			return &job->mounts.mounts[i];
	return NULL;
}

/* A new /proc of the calling process's pid namespace, with the options of that one. */
static int proc_make(struct mnt_job *job, const struct ptree_mount *m)
{
	_cleanup_free_ char *options = strdup(m->super);
	_cleanup_close_ int fd = -1;
	char *rest = options, *key;
	int mount;

	snprintf(job->what, PTREE_HELPER_WHAT_MAX, "a new file system for %.64s (%.48s)", m->point, m->super);
	if (!options)
		return -ENOMEM;
	fd = fsopen("proc", FSOPEN_CLOEXEC);
	if (fd < 0 || fsconfig(fd, FSCONFIG_SET_STRING, "source", m->source, 0) < 0)
		return -errno;
	while ((key = strsep(&rest, ","))) {
		char *value = strchr(key, '=');

		if (strcmp(key, "rw") == 0)
			continue;
		if (value)
			*value++ = '\0';
		if (fsconfig(fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0)
			return -errno;
	}
	if (fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = fsmount(fd, FSMOUNT_CLOEXEC, (unsigned)ptree_mount_attributes(m->options));
	return mount < 0 ? -errno : mount;
}

static int share(int fd)
{
	struct mount_attr attributes = { .propagation = MS_SHARED };

	return mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0 ? -errno : 0;
}

static int attach(const struct ptree_mount *m, int fd)
{
	if (move_mount(fd, "", AT_FDCWD, m->point, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return m->shared ? share(fd) : 0;
}

/* What is mounted directly on @on comes along, with all that is below it. */
static int carry(struct mnt_job *job, const struct ptree_mount *on)
{
	int r;

	for (size_t i = 0; i < job->mounts.nr; i++) {
		const struct ptree_mount *m = &job->mounts.mounts[i];
		int fd;

		if (m->parent != on->id || m == on)
			continue;
		snprintf(job->what, PTREE_HELPER_WHAT_MAX, "taking along what is mounted at %.80s", m->point);
		if (whole_of(job, m)) {
			job->carried[job->nr_carried++] = (struct carried){ m, -1 };
			r = carry(job, m);
			if (r < 0)
				return r;
			continue;
		}
		/* What is on top of it there, should it not be alone: that is what one sees. */
		fd = open_tree(AT_FDCWD, m->point,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW);
		if (fd < 0)
			return -errno;
		job->carried[job->nr_carried++] = (struct carried){ m, fd };
	}
	return 0;
}

static int part_open(const struct mnt_job *job, const struct ptree_mount *m)
{
	struct mount_attr attributes = {
		.attr_set = ptree_mount_attributes(m->options),
		.attr_clr = MOUNT_ATTR__ATIME,
	};
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	if (asprintf(&path, "%s%s", whole_of(job, m)->point, m->root) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* @fd in the place of @m, with what is mounted on @m. A mount that is locked there (man 7 mount_namespaces) is covered. */
static int put_in_place(struct mnt_job *job, const struct ptree_mount *m, int fd)
{
	int r;

	job->nr_carried = 0;
	r = carry(job, m);
	if (r < 0)
		return r;
	snprintf(job->what, PTREE_HELPER_WHAT_MAX, "mounting at %.80s", m->point);
	if (umount2(m->point, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	r = attach(m, fd);
	for (size_t i = 0; i < job->nr_carried && r == 0; i++) {
		struct carried *c = &job->carried[i];

		snprintf(job->what, PTREE_HELPER_WHAT_MAX, "mounting at %.80s again", c->mount->point);
		if (c->fd < 0)
			c->fd = part_open(job, c->mount);
		r = c->fd < 0 ? c->fd : attach(c->mount, c->fd);
	}
	for (size_t i = 0; i < job->nr_carried; i++)
		ptree_close_fd(job->carried[i].fd);
	return r;
}

/* Parts of /proc that are mounted elsewhere: in a chroot, say. Those in a /proc that was replaced have been. */
static int put_part(struct mnt_job *job, const struct ptree_mount *m)
{
	_cleanup_close_ int there = ptree_mount_open(job->root_fd, m), fd = -1;

	if (there < 0)
		return there == -ENOENT ? 0 : there;
	fd = part_open(job, m);
	return fd < 0 ? fd : put_in_place(job, m, fd);
}

/* Those that were, and still are what one finds at their place. */
static int share_again(struct mnt_job *job)
{
	for (size_t i = 0; i < job->mounts.nr; i++) {
		const struct ptree_mount *m = &job->mounts.mounts[i];
		_cleanup_close_ int fd = -1;
		int r;

		if (!m->shared)
			continue;
		fd = ptree_mount_open(job->root_fd, m);
		if (fd < 0)
			continue;
		snprintf(job->what, PTREE_HELPER_WHAT_MAX, "the propagation of %.80s", m->point);
		r = share(fd);
		if (r < 0)
			return r;
	}
	return 0;
}

/* In the clone's pid namespace. */
static int mounts_make(void *argument, char *what)
{
	struct mnt_job *job = argument;
	int r = 0;

	job->what = what;
	for (size_t i = 0; i < job->mounts.nr && r >= 0; i++)
		if (job->replace[i])
			r = job->new_fds[i] = proc_make(job, &job->mounts.mounts[i]);
	if (r < 0)
		return r;
	strcpy(what, "entering it");
	if (setns(job->ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	/* First of all: as yet, what is done here is done in the source's too. */
	strcpy(what, "making it a slave of the source's");
	if (job->is_new && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	r = 0;
	for (size_t i = 0; i < job->mounts.nr && r == 0; i++)
		if (job->replace[i])
			r = put_in_place(job, &job->mounts.mounts[i], job->new_fds[i]);
	for (size_t i = 0; i < job->mounts.nr && r == 0; i++)
		if (whole_of(job, &job->mounts.mounts[i]))
			r = put_part(job, &job->mounts.mounts[i]);
	return r < 0 || !job->is_new ? r : share_again(job);
}

static void job_done(struct mnt_job *job)
{
	ptree_close_fd(job->root_fd);
	ptree_mounts_done(&job->mounts);
	free(job->replace);
	free(job->new_fds);
	free(job->carried);
}

/* @inside: a process in the new namespace, with its "/" */
static int job_fill(struct mnt_job *job, pid_t inside)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/root", inside);
	job->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (job->root_fd < 0)
		return -errno;
	r = ptree_mounts_read(&job->mounts, inside);
	if (r < 0)
		return r;
	job->replace = calloc(job->mounts.nr + 1, sizeof(*job->replace));
	job->new_fds = calloc(job->mounts.nr + 1, sizeof(*job->new_fds));
	job->carried = calloc(job->mounts.nr + 1, sizeof(*job->carried));
	return job->replace && job->new_fds && job->carried ? 0 : -ENOMEM;
}

/* The marks of the source root's two pid namespaces: the clone's counterpart, and that of a pid 1 or none. */
static int marks_make(const struct ptree_op *op, struct mark *outer, struct mark *inner)
{
	_cleanup_close_ int proc = ptree_proc_open(ptree_proc_living(op->pid));
	struct ptree_proc_status status;
	struct stat pidns;
	int r = proc;

	if (r >= 0)
		r = ptree_proc_status(proc, &status);
	if (r < 0)
		return r;
	if (fstatat(proc, "ns/pid", &pidns, 0) < 0)
		return -errno;
	*inner = (struct mark){ 0 };
	*outer = (struct mark){ .number = op->root_number, .nr_levels = 1, .pidns = pidns.st_ino };
	if (status.nr_numbers > 1 && status.numbers[status.nr_numbers - 1] == 1) {
		*inner = (struct mark){ .number = 1, .nr_levels = 1, .pidns = pidns.st_ino };
		outer->nr_levels = 2;
	}
	return 0;
}

static int inner_add(struct ptree_namespaces *n, uint64_t id)
{
	uint64_t *grown = reallocarray(n->inner_procs, n->nr_inner_procs + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	n->inner_procs = grown;
	grown[n->nr_inner_procs++] = id;
	return 0;
}

static int job_mark(struct mnt_job *job, struct ptree_op *op)
{
	struct mark outer, inner;
	int r;

	r = marks_make(op, &outer, &inner);
	for (size_t i = 0; i < job->mounts.nr && r >= 0; i++) {
		const struct ptree_mount *m = &job->mounts.mounts[i];

		r = is_of(job->root_fd, m, &outer);
		if (r < 0)
			return r;
		job->replace[i] = r;
		if (r > 0 || inner.number == 0)
			continue;
		r = is_of(job->root_fd, m, &inner);
		if (r > 0)
			r = inner_add(&op->namespaces, m->id);
	}
	return r < 0 ? r : 0;
}

/* @pid: of whose pid namespace the new ones are to be */
static int job_run(struct mnt_job *job, struct ptree_op *op, pid_t pid)
{
	_cleanup_helper_ struct ptree_helper helper = PTREE_HELPER_INIT;
	_cleanup_close_ int pidns = -1;
	char what[PTREE_HELPER_WHAT_MAX], path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	pidns = open(path, O_RDONLY | O_CLOEXEC);
	if (pidns < 0)
		return ptree_namespace_error(op, PTREE_NAMESPACE_MNT, -errno, "opening the clone's pid namespace");
	r = ptree_helper_start(&helper, &(struct ptree_helper_job){
		.work = mounts_make,
		.argument = job,
		.pidns_fd = pidns,
		.keep = (int[]){ job->ns_fd, job->root_fd },
		.nr_keep = 2,
	}, what);
	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, what) : 0;
}

int ptree_mnt_setup(struct ptree_op *op, int source_fd, pid_t maker)
{
	_cleanup_(job_done) struct mnt_job job = {
		.ns_fd = op->namespaces.fds[PTREE_NAMESPACE_MNT],
		.root_fd = -1,
		.is_new = true,
	};
	int r;

	(void)source_fd;
	r = job_fill(&job, maker);
	if (r >= 0)
		r = job_mark(&job, op);
	if (r < 0)
		return ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, "looking at its mounts");
	return job_run(&job, op, op->keeper.init_pid);
}

/* Mounted on or in a /proc, which is another one in the clone. */
static bool is_at_proc(const struct ptree_mounts *mounts, const char *point)
{
	for (size_t i = 0; i < mounts->nr; i++) {
		const struct ptree_mount *m = &mounts->mounts[i];
		size_t n = strlen(m->point);

		if (is_proc(m) && strncmp(point, m->point, n) == 0 && (point[n] == '\0' || point[n] == '/'))
			return true;
	}
	return false;
}

static bool has_mount(const struct ptree_mounts *mounts, const struct ptree_mount *wanted)
{
	for (size_t i = 0; i < mounts->nr; i++)
		if (mounts->mounts[i].dev == wanted->dev && strcmp(mounts->mounts[i].point, wanted->point) == 0)
			return true;
	return false;
}

static const struct ptree_mount *missing(const struct ptree_mounts *here, const struct ptree_mounts *there)
{
	for (size_t i = 0; i < here->nr; i++)
		if (!is_at_proc(here, here->mounts[i].point) && !is_at_proc(there, here->mounts[i].point) &&
		    !has_mount(there, &here->mounts[i]))
			return &here->mounts[i];
	return NULL;
}

/*
 * What is mounted or unmounted in the source's after its copy was made comes to the clone's by propagation, but not where
 * a mount is private. A source whose root is not "/" sees too little of its namespace to be compared.
 */
int ptree_mnt_capture(struct ptree_op *op)
{
	_cleanup_(ptree_mounts_done) struct ptree_mounts source = { 0 }, clone = { 0 };
	struct pollfd changes = { .fd = op->namespaces.mounts_fd, .events = POLLPRI };
	const struct ptree_mount *m;
	char path[64], root[8];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/root", ptree_proc_living(op->pid));
	if (poll(&changes, 1, 0) <= 0 || readlink(path, root, sizeof(root)) != 1)
		return 0;
	r = ptree_mounts_read(&source, ptree_proc_living(op->pid));
	if (r == 0)
		r = ptree_mounts_read(&clone, op->namespaces.donor.pid);
	if (r < 0)
		return ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, "looking at its mounts");
	m = missing(&source, &clone);
	if (!m)
		m = missing(&clone, &source);
	if (m)
		return ptree_error_set(&op->error, -EAGAIN, op->pid,
				       "capture: something was mounted or unmounted at %.128s in the mount namespace of pid %d meanwhile; try again",
				       m->point, op->pid);
	return 0;
}

int ptree_mnt_settle(struct ptree_op *op)
{
	_cleanup_(job_done) struct mnt_job job = { .ns_fd = op->namespaces.fds[PTREE_NAMESPACE_MNT], .root_fd = -1 };
	const struct ptree_namespaces *n = &op->namespaces;
	int r;

	if (n->nr_inner_procs == 0)
		return 0;
	r = job_fill(&job, n->donor.pid);
	if (r < 0)
		return ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, "looking at its mounts");
	for (size_t i = 0; i < job.mounts.nr; i++)
		for (size_t j = 0; j < n->nr_inner_procs; j++)
			job.replace[i] |= job.mounts.mounts[i].id == n->inner_procs[j];
	return job_run(&job, op, op->members[0]->twin);
}
