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

	if (!ptree_namespace_private(&op->policies, PTREE_NAMESPACE_MNT) ||
	    f->info.is & (PTREE_FILE_INTERNAL | PTREE_FILE_UNLINKED) || f->info.fs_magic != TMPFS_MAGIC)
		return false;
	fd = source_open(op);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == f->info.dev;
}

static bool is_needed(const struct ptree_op *op)
{
	for (size_t i = 0; i < op->files.nr_files; i++) {
		const struct ptree_file *f = &op->files.files[i];

		if (ptree_memory_is(f) && f->policy == PTREE_POLICY_PRIVATE && ptree_shm_is_private(op, f))
			return true;
	}
	return false;
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

static int copy_one(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	_cleanup_close_ int from = -1, to = -1;
	int r;

	from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	to = openat(to_dir, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (to < 0 || ftruncate(to, st->st_size) < 0)
		return -errno;
	r = ptree_memory_copy(from, 0, st, false, to);
	if (r < 0)
		return r;
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 || futimens(to, times) < 0)
		return -errno;
	return 0;
}

/* What the tree has open or mapped is copied by memory.c, and named by ptree_shm_name(). */
static int copy_others(const struct ptree_op *op, int from_dir, int to_dir)
{
	_cleanup_close_ int again = openat(from_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!dir)
		return -errno;
	TAKE_FD(again);
	while (r == 0 && (entry = readdir(dir))) {
		if (fstatat(from_dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
		    !is_of_users(op, st.st_uid) || ptree_files_by_inode(&op->files, st.st_dev, st.st_ino))
			continue;
		r = copy_one(from_dir, to_dir, entry->d_name, &st);
	}
	closedir(dir);
	return r;
}

int ptree_shm_capture(struct ptree_op *op)
{
	_cleanup_close_ int source = -1;
	int r;

	if (!is_needed(op))
		return 0;
	source = source_open(op);
	r = source < 0 ? source : make(source);
	if (r >= 0) {
		op->namespaces.shm_fd = r;
		r = copy_others(op, source, op->namespaces.shm_fd);
	}
	return r < 0 ? ptree_namespace_error(op, PTREE_NAMESPACE_MNT, r, "copying " SHM_PATH) : 0;
}

int ptree_shm_name(const struct ptree_op *op, int original_fd, int copy_fd)
{
	char link[64], path[PATH_MAX + 1], *name;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", original_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	name = strrchr(path, '/');
	if (!name)
		return -EBADMSG;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", copy_fd);
	return linkat(AT_FDCWD, link, op->namespaces.shm_fd, name + 1, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
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
