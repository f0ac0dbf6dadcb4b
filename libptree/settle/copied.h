/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are copied (copies.h), or are found at a path that leads to a copy: what the clone has of them instead. */
#ifndef PTREE_SETTLE_COPIED_H
#define PTREE_SETTLE_COPIED_H

#include "../settle.h"

/* A lock that a member holds. */
struct ptree_lock {
	enum { PTREE_LOCK_POSIX, PTREE_LOCK_FLOCK, PTREE_LOCK_OFD } sort;
	const struct ptree_fd *fd;	/* by which it can be taken again */
	bool exclusive;
	int64_t start, length;		/* 0: to the end, wherever that is */
};

/* f->state of each description of it. */
struct ptree_copied {
	char *path;			/* in the clone's mount namespace; NULL: none */
	int fd;				/* the copy, if it has no path and this is ptree_copied_loose(); else -1 */
	struct ptree_lock *locks;
	size_t nr_locks;
};

/* Of one that ptree_copied_is(). */
static inline struct ptree_copied *ptree_copied_of(const struct ptree_file *f)
{
	return f->state;
}

/* Whether f->state is of the functions in here: the kind is regular.c's. */
bool ptree_copied_is(const struct ptree_file *f);

/* Of an inode without a path: the description that has the copy. */
static inline struct ptree_file *ptree_copied_loose(const struct ptree_file *f)
{
	struct ptree_file *d = f->first;

	while (!ptree_copied_is(d))
		d = d->next;
	return d;
}

/* ptree_copied_mark() - gives it a state. -ENOMEM. */
int ptree_copied_mark(struct ptree_file *f);

/* Rows of the table, for files with a state. */
int ptree_copied_settle(struct ptree_op *op, struct ptree_file *f);
int ptree_copied_finish(struct ptree_op *op, struct ptree_file *f);
void ptree_copied_release(struct ptree_file *f);

/* ptree_locks_capture() - those on the copied file that its descriptors tell of. -errno, no sentence. */
int ptree_locks_capture(struct ptree_file *f);

/* One line of /proc/PID/fdinfo/FD. 1: it tells of a lock; 0: not; *ret is without fd. */
int ptree_lock_parse(const char *line, struct ptree_lock *ret);

/* ptree_locks_take() - in the clone, on the copies */
int ptree_locks_take(struct ptree_op *op, struct ptree_file *f);

#endif
