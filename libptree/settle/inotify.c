// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inotify: the same watches with the same numbers. fdinfo tells the inode of each, by its file handle. It is opened with
 * O_PATH, and added by way of /proc: neither is seen by those who watch.
 *
 * Events that the source has not read yet are the source's. They cannot be looked at without taking them, and not made.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "aside.h"
#include "fdinfo.h"
#include "inotify.h"
#include "status.h"

#ifndef INOTIFY_IOC_SETNEXTWD
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, int32_t)	/* <linux/inotify.h>, which <sys/inotify.h> excludes */
#endif

#define HANDLE_MAX 128		/* MAX_HANDLE_SZ */
#define LINE_MIN 48		/* bytes that a watch has at least in fdinfo */

struct watch {
	int number;
	uint32_t mask;
	uint64_t ino;
	uint64_t dev;		/* of the file system */
	const struct ptree_file *open;	/* a file of the tree with that inode, or NULL */
	union {
		struct file_handle handle;	/* handle_bytes 0: the kernel did not tell */
		char room[sizeof(struct file_handle) + HANDLE_MAX];
	} h;
	bool lost;		/* found nowhere */
};

/* A place where a file system is mounted. */
struct way {
	uint64_t dev;
	char path[PATH_MAX];
};

/* In memory that a child shares. */
struct inotify {
	int fd;
	size_t size;		/* bytes mapped */
	const struct ptree_copies *copies;	/* of the clone's own */
	pid_t twin;
	struct way *ways;	/* malloc'ed; the child has its copy */
	size_t nr_ways;
	size_t nr;
	struct watch watches[];
};

bool ptree_inotify_is(const struct ptree_file *f)
{
	return !strcmp(f->info.name, "inotify") && f->info.is & PTREE_FILE_INTERNAL;
}

int ptree_inotify_judge(struct ptree_op *op, struct ptree_file *f)
{
	(void)op;
	return f->policy == PTREE_POLICY_SHARE ? ptree_file_note(f, "source and clone take events from each other") : 0;
}

static bool handle_parse(const char *hex, size_t size, struct watch *w)
{
	unsigned char *bytes = (unsigned char *)w->h.room + offsetof(struct file_handle, f_handle);

	if (size > HANDLE_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		bytes[i] = (unsigned char)byte;
	}
	w->h.handle.handle_bytes = (unsigned)size;
	return true;
}

/* "wd:1 ino:2b67 sdev:fd00001 mask:fce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:672b00006d8a3d4a" */
static int watch_parse(const char *line, struct watch *w)
{
	uint64_t number, mask, dev, size, type;
	const char *hex;

	if (ptree_fdinfo_field(line, "wd:", 16, &number) < 0 || ptree_fdinfo_field(line, "ino:", 16, &w->ino) < 0 ||
	    ptree_fdinfo_field(line, "sdev:", 16, &dev) < 0 || ptree_fdinfo_field(line, "mask:", 16, &mask) < 0)
		return -EBADMSG;
	w->number = (int)number;
	w->mask = (uint32_t)mask;
	/* The kernel's own numbering, 20 bits of minor. */
	w->dev = makedev((unsigned)(dev >> 20), (unsigned)(dev & 0xfffff));
	if (ptree_fdinfo_field(line, "fhandle-bytes:", 16, &size) < 0 ||
	    ptree_fdinfo_field(line, "fhandle-type:", 16, &type) < 0)
		return 0;
	hex = strstr(line, "f_handle:");
	if (!hex || !handle_parse(hex + strlen("f_handle:"), size, w))
		return -EBADMSG;
	w->h.handle.handle_type = (int)type;
	return 0;
}

static int watch_compare(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static bool is_watched(const struct inotify *inotify, uint64_t dev)
{
	for (size_t i = 0; i < inotify->nr; i++)
		if (inotify->watches[i].dev == dev)
			return true;
	return false;
}

/* "\040" for a blank, as mountinfo has it. */
static void unescape(char *path)
{
	char *to = path;

	for (; *path; path++, to++) {
		*to = *path;
		if (path[0] == '\\' && strspn(path + 1, "01234567") >= 3) {
			*to = (char)((path[1] - '0') * 64 + (path[2] - '0') * 8 + (path[3] - '0'));
			path += 3;
		}
	}
	*to = '\0';
}

/* Where the watched file systems are mounted, as one process of the clone sees it, and not hidden below others. */
static int ways_find(struct inotify *inotify, pid_t pid)
{
	_cleanup_fclose_ FILE *mounts = NULL;
	_cleanup_free_ char *line = NULL;
	char path[64];
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	mounts = fopen(path, "re");
	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		unsigned id, major, minor;
		struct way *grown;
		struct statx found;
		int start, end;

		if (sscanf(line, "%u %*u %u:%u %*s %n%*s%n", &id, &major, &minor, &start, &end) != 3)
			continue;
		if (!is_watched(inotify, makedev(major, minor)))
			continue;
		grown = reallocarray(inotify->ways, inotify->nr_ways + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		inotify->ways = grown;
		grown += inotify->nr_ways;
		line[end] = '\0';
		unescape(line + start);
		grown->dev = makedev(major, minor);
		if (snprintf(grown->path, sizeof(grown->path), "/proc/%d/root%s", pid, line + start) >=
		    (int)sizeof(grown->path))
			continue;
		if (statx(AT_FDCWD, grown->path, AT_NO_AUTOMOUNT, STATX_MNT_ID | STATX_TYPE, &found) < 0)
			continue;
		if (found.stx_mnt_id == id && S_ISDIR(found.stx_mode))
			inotify->nr_ways++;
	}
	return 0;
}

/*
 * In the child: an O_PATH descriptor of a watched inode. The mount is told by the working directory, since a descriptor
 * for that would have to be one that is open, which those who watch the directory would see.
 */
static int watched_open(const struct inotify *inotify, struct watch *w)
{
	for (size_t i = 0; i < inotify->nr_ways && w->h.handle.handle_bytes; i++) {
		struct stat st;
		int fd;

		if (inotify->ways[i].dev != w->dev || chdir(inotify->ways[i].path) < 0)
			continue;
		fd = open_by_handle_at(AT_FDCWD, &w->h.handle, O_PATH | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == w->ino)
			return fd;
		ptree_close_fd(fd);
	}
	/* Deleted, it may live on because the tree has it open. */
	return w->open ? ptree_file_borrow_twin(w->open) : -ESTALE;
}

/* Where the clone has a copy of it, that is what it watches. Takes @fd. */
static int copy_open(const struct inotify *inotify, int fd)
{
	char path[PATH_MAX + 32], link[64];
	int copy, root;
	ssize_t n;

	root = snprintf(path, sizeof(path), "/proc/%d/root", inotify->twin);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path + root, sizeof(path) - (size_t)root - 1);
	if (n < 0)
		return fd;
	path[root + n] = '\0';
	if (!ptree_copies_covers(inotify->copies, path + root))
		return fd;
	copy = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (copy < 0)
		return fd;
	close(fd);
	return copy;
}

static int watch_add(const struct inotify *inotify, struct watch *w)
{
	_cleanup_close_ int fd = watched_open(inotify, w);
	char path[64];
	int number;

	if (fd < 0) {
		w->lost = true;
		return fd;
	}
	fd = copy_open(inotify, fd);
	if (ioctl(inotify->fd, INOTIFY_IOC_SETNEXTWD, w->number) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	number = inotify_add_watch(inotify->fd, path, w->mask);
	if (number < 0)
		return -errno;
	return number == w->number ? 0 : -EBADMSG;
}

static int watches_add(void *argument)
{
	struct inotify *inotify = argument;
	int r = 0;

	inotify->fd = ptree_aside_keep(inotify->fd, 3);
	if (inotify->fd < 0)
		return inotify->fd;
	for (size_t i = 0; i < inotify->nr && r == 0; i++)
		r = watch_add(inotify, &inotify->watches[i]);
	return r;
}

/* What is in the queue is told; it stays the source's. */
int ptree_inotify_capture(struct ptree_op *op, struct ptree_file *f)
{
	_cleanup_close_ int fd = ptree_file_borrow(f);
	int unread = 0;

	if (fd < 0)
		return ptree_file_error(op, f, fd, "borrowing it");
	if (ioctl(fd, FIONREAD, &unread) < 0)
		return ptree_file_error(op, f, -errno, "asking for unread events");
	if (unread && ptree_file_note(f, "%d bytes of events that nobody has read yet are the source's alone", unread) < 0)
		return ptree_error_oom(&op->error, "capture");
	return 0;
}

static int inotify_parse(struct ptree_op *op, struct ptree_file *f, struct inotify **ret)
{
	const char *at = f->fdinfo ? f->fdinfo : "", *line;
	size_t max = strlen(at) / LINE_MIN + 1, size = sizeof(struct inotify) + max * sizeof(struct watch);
	struct inotify *inotify = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (inotify == MAP_FAILED)
		return -ENOMEM;
	inotify->size = size;
	f->state = *ret = inotify;
	while ((line = ptree_fdinfo_next(&at, "inotify "))) {
		struct watch *w = &inotify->watches[inotify->nr];
		int r = inotify->nr < max ? watch_parse(line, w) : -EBADMSG;

		if (r < 0)
			return r;
		w->open = ptree_files_by_inode(&op->files, w->dev, w->ino);
		inotify->nr++;
	}
	qsort(inotify->watches, inotify->nr, sizeof(*inotify->watches), watch_compare);
	return 0;
}

static int watch_lost(struct ptree_op *op, const struct ptree_file *f, const struct inotify *inotify, int r)
{
	char what[128] = "adding its watches";

	for (size_t i = 0; i < inotify->nr; i++) {
		const struct watch *w = &inotify->watches[i];

		if (w->lost)
			snprintf(what, sizeof(what), "finding inode %" PRIu64 " of device %u:%u, which it watches (--share=events)",
				 w->ino, major(w->dev), minor(w->dev));
	}
	return ptree_file_error(op, f, r, what);
}

int ptree_inotify_settle(struct ptree_op *op, struct ptree_file *f)
{
	struct inotify *inotify;
	int r;

	r = inotify_parse(op, f, &inotify);
	if (r < 0)
		return ptree_file_error(op, f, r, "reading its watches");
	inotify->copies = &op->copies;
	inotify->twin = f->fds[0].member->twin;
	r = ways_find(inotify, inotify->twin);
	if (r < 0)
		return ptree_file_error(op, f, r, "finding what it watches");
	f->twin_fd = inotify_init1(IN_CLOEXEC);
	if (f->twin_fd < 0)
		return ptree_file_error(op, f, -errno, "making a new one");
	r = ptree_status_set(op, f, f->twin_fd);
	if (r < 0)
		return r;
	inotify->fd = f->twin_fd;
	r = inotify->nr ? ptree_aside(watches_add, inotify, 64) : 0;
	return r < 0 ? watch_lost(op, f, inotify, r) : 0;
}

void ptree_inotify_release(struct ptree_file *f)
{
	struct inotify *inotify = f->state;

	if (!inotify)
		return;
	free(inotify->ways);
	munmap(inotify, inotify->size);
	f->state = NULL;
}
