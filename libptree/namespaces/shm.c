// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names of POSIX shared memory and semaphores: files in /dev/shm (man 7 shm_overview). Who has such an object open has it by
 * its name too, and opens it again, or what lies beside it: PostgreSQL's processes find each other's segments so. The clone
 * of a tree that has any gets a /dev/shm of its own: its objects under their names, and copies of what else the tree's users
 * have there. What other users have there is not in it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "../proc.h"
#include "../settle/memory.h"
#include "kinds.h"

#define SHM_PATH "/dev/shm"

/* Of the root's /dev/shm, if that is where its mount namespace has it. */
static int source_open(const struct ptree_op *op)
{
	char path[64], root[8];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", op->pid);
	if (readlink(path, root, sizeof(root)) != 1)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%d/root" SHM_PATH, op->pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool ptree_shm_is_private(const struct ptree_op *op, const struct ptree_file *f)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!ptree_namespace_private(&op->policies, PTREE_NAMESPACE_MNT) || f->info.is & PTREE_FILE_INTERNAL ||
	    f->info.fs_magic != TMPFS_MAGIC)
		return false;
	fd = source_open(op);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == f->info.dev;
}

typedef int entry_fn(const struct ptree_op *op, int dir_fd, const char *name, const struct stat *st, void *argument);

/* For every file in the directory, until the function returns something else than 0. */
static int for_each_file(const struct ptree_op *op, int dir_fd, entry_fn *f, void *argument)
{
	int again = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		r = -errno;
		ptree_close_fd(again);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			r = f(op, dir_fd, entry->d_name, &st, argument);
	closedir(dir);
	return r;
}

/* A name may have been given later than the file was opened, as sem_open() does: only the directory tells. */
static int is_the_tree_s(const struct ptree_op *op, int dir_fd, const char *name, const struct stat *st, void *argument)
{
	const struct ptree_file *f = ptree_files_by_inode(&op->files, st->st_dev, st->st_ino);

	(void)dir_fd, (void)name, (void)argument;
	return f && f->policy == PTREE_POLICY_PRIVATE;
}

static int set_number(int fs, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, text, 0);
}

/* A file system like that of @source, mounted nowhere yet. */
static int make(int source)
{
	_cleanup_close_ int fs = -1;
	unsigned attributes = 0;
	struct statvfs limits;
	struct stat st;
	char mode[8];
	int mount;

	if (fstatvfs(source, &limits) < 0 || fstat(source, &st) < 0)
		return -errno;
	snprintf(mode, sizeof(mode), "%o", st.st_mode & 07777);
	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0 ||
	    set_number(fs, "size", (uint64_t)limits.f_blocks * limits.f_frsize) < 0 ||
	    set_number(fs, "nr_inodes", limits.f_files) < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
	    set_number(fs, "uid", st.st_uid) < 0 || set_number(fs, "gid", st.st_gid) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	attributes |= limits.f_flag & ST_NOSUID ? MOUNT_ATTR_NOSUID : 0;
	attributes |= limits.f_flag & ST_NODEV ? MOUNT_ATTR_NODEV : 0;
	attributes |= limits.f_flag & ST_NOEXEC ? MOUNT_ATTR_NOEXEC : 0;
	mount = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	return mount < 0 ? -errno : mount;
}

/* Whether it is the tree's: one of its processes has made it, or could have. */
static bool is_of_users(const struct ptree_op *op, uid_t uid)
{
	for (size_t i = 0; i < op->nr_members; i++) {
		struct stat st;

		if (!op->members[i]->zombie && fstat(op->members[i]->task_fd, &st) == 0 && st.st_uid == uid)
			return true;
	}
	return false;
}

/* What the tree has open or mapped is copied by memory.c, and named by ptree_shm_name(). */
static int copy_other(const struct ptree_op *op, int dir_fd, const char *name, const struct stat *st, void *argument)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	_cleanup_close_ int from = -1, to = -1;
	int r;

	(void)argument;
	if (!is_of_users(op, st->st_uid) || ptree_files_by_inode(&op->files, st->st_dev, st->st_ino))
		return 0;
	from = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	to = openat(op->namespaces.shm_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (to < 0 || ftruncate(to, st->st_size) < 0)
		return -errno;
	r = ptree_memory_copy(from, 0, st, false, to);
	if (r < 0)
		return r;
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 || futimens(to, times) < 0)
		return -errno;
	return 0;
}

int ptree_shm_capture(struct ptree_op *op)
{
	_cleanup_close_ int source = source_open(op);
	int r;

	if (source < 0)
		return 0;
	r = for_each_file(op, source, is_the_tree_s, NULL);
	if (r == 0)
		return 0;
	if (r > 0)
		r = op->namespaces.shm_fd = make(source);
	if (r >= 0)
		r = for_each_file(op, source, copy_other, NULL);
	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, "copying " SHM_PATH) : 0;
}

struct copy {
	const struct stat *original;
	int fd;
};

static int link_copy(const struct ptree_op *op, int dir_fd, const char *name, const struct stat *st, void *argument)
{
	const struct copy *copy = argument;
	char path[64];

	(void)dir_fd;
	if (st->st_dev != copy->original->st_dev || st->st_ino != copy->original->st_ino)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", copy->fd);
	return linkat(AT_FDCWD, path, op->namespaces.shm_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int ptree_shm_name(const struct ptree_op *op, const struct stat *original, int copy_fd)
{
	_cleanup_close_ int source = source_open(op);
	struct copy copy = { .original = original, .fd = copy_fd };

	return source < 0 ? source : for_each_file(op, source, link_copy, &copy);
}

struct place {
	int ns_fd, shm_fd;
};

static int put_in_place(void *argument, char *what)
{
	const struct place *place = argument;
	struct mount_attr attributes = { .propagation = MS_SHARED };

	strcpy(what, "entering it");
	if (setns(place->ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	strcpy(what, "mounting at " SHM_PATH);
	/* It may be no mount, or one that is locked there: then it is covered. */
	if (umount2(SHM_PATH, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	if (move_mount(place->shm_fd, "", AT_FDCWD, SHM_PATH, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return mount_setattr(place->shm_fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0 ? -errno : 0;
}

int ptree_shm_settle(struct ptree_op *op)
{
	_cleanup_helper_ struct ptree_helper helper = PTREE_HELPER_INIT;
	struct place place = { .ns_fd = op->namespaces.fds[PTREE_NAMESPACE_MNT], .shm_fd = op->namespaces.shm_fd };
	char what[PTREE_HELPER_WHAT_MAX];
	int r;

	if (place.shm_fd < 0)
		return 0;
	r = ptree_helper_start(&helper, &(struct ptree_helper_job){
		.work = put_in_place,
		.argument = &place,
		.pidns_fd = -1,
		.keep = (int[]){ place.ns_fd, place.shm_fd },
		.nr_keep = 2,
	}, what);
	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, what) : 0;
}
