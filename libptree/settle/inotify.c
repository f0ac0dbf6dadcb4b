// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inotify: the same watches with the same numbers. fdinfo tells the inode of each (watched.h), and it is added by way of
 * /proc, which is not seen by those who watch.
 *
 * Events that the source has not read yet are the source's. They cannot be looked at without taking them, and not made.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "aside.h"
#include "fdinfo.h"
#include "inotify.h"
#include "status.h"
#include "watched.h"

#ifndef INOTIFY_IOC_SETNEXTWD
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, int32_t)	/* <linux/inotify.h>, which <sys/inotify.h> excludes */
#endif

#define LINE_MIN 48		/* bytes that a watch has at least in fdinfo */

struct watch {
	int number;
	uint32_t mask;
	struct ptree_watched inode;
	bool lost;		/* found nowhere */
};

/* In memory that a child shares. */
struct inotify {
	int fd;
	size_t size;		/* bytes mapped */
	struct ptree_ways ways;	/* malloc'ed; the child has its copy */
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

/* "wd:1 ino:2b67 sdev:fd00001 mask:fce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:672b00006d8a3d4a" */
static int watch_parse(const char *line, struct watch *w)
{
	uint64_t number, mask;

	if (ptree_fdinfo_field(line, "wd:", 16, &number) < 0 || ptree_fdinfo_field(line, "mask:", 16, &mask) < 0 ||
	    ptree_watched_parse(line, &w->inode) < 0)
		return -EBADMSG;
	w->number = (int)number;
	w->mask = (uint32_t)mask;
	return 0;
}

static int watch_compare(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int watch_add(const struct inotify *inotify, struct watch *w)
{
	_cleanup_close_ int fd = ptree_watched_open(&inotify->ways, &w->inode);
	char path[64];
	int number;

	if (fd < 0) {
		w->lost = true;
		return fd;
	}
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
		w->inode.open = ptree_files_by_inode(&op->files, w->inode.dev, w->inode.ino);
		r = ptree_ways_want(&inotify->ways, w->inode.dev);
		if (r < 0)
			return r;
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
				 w->inode.ino, major(w->inode.dev), minor(w->inode.dev));
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
	r = ptree_ways_find(&inotify->ways, &op->copies, f->fds[0].member->twin);
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
	ptree_ways_done(&inotify->ways);
	munmap(inotify, inotify->size);
	f->state = NULL;
}
