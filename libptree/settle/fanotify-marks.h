/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The marks of a fanotify group (man 7 fanotify): what it watches, as fdinfo tells it, and how it is added to another one. */
#ifndef PTREE_SETTLE_FANOTIFY_MARKS_H
#define PTREE_SETTLE_FANOTIFY_MARKS_H

#include <sys/fanotify.h>

#include "../namespaces/mounts.h"
#include "watched.h"

/* Newer than some of the headers that this is built with. */
#ifndef FAN_PRE_ACCESS
#define FAN_PRE_ACCESS 0x00100000
#endif
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x00000200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x00000400
#endif
#ifndef FAN_MARK_MNTNS
#define FAN_MARK_MNTNS 0x00000110
#endif

/* Events for which the kernel waits until somebody has given permission. */
#define PTREE_FANOTIFY_ASKS (FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM | FAN_PRE_ACCESS)

struct ptree_fanotify_mark {
	unsigned on;			/* FAN_MARK_INODE, FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM, FAN_MARK_MNTNS */
	unsigned flags;			/* FAN_MARK_EVICTABLE, FAN_MARK_IGNORE, FAN_MARK_IGNORED_SURV_MODIFY */
	uint64_t mask;
	uint64_t ignored;
	struct ptree_watched inode;	/* of a file system: its device alone */
	uint64_t number;		/* of a mount, or the inode of a mount namespace */
	const struct ptree_mount *mount;	/* the source's; when it is settled the clone's; or NULL */
};

/* In memory that a child shares. */
struct ptree_fanotify_marks {
	size_t size;			/* bytes mapped */
	int fd;				/* the group to which they are added */
	struct ptree_ways ways;
	struct ptree_mounts source, clone;
	size_t at;			/* which one is being added */
	size_t nr;
	struct ptree_fanotify_mark marks[];
};

/* ptree_fanotify_mark_parse() - what follows "fanotify " in a line of fdinfo. -EBADMSG. */
int ptree_fanotify_mark_parse(const char *line, struct ptree_fanotify_mark *ret);

/*
 * ptree_fanotify_marks_read() - in the pause: all marks that @text has, and which mounts of @member's namespace they mean
 * A negative errno; @ret is to be freed even then, and its at tells the mark that was not understood or not found.
 */
int ptree_fanotify_marks_read(const char *text, const struct ptree_member *member, struct ptree_fanotify_marks **ret);

/* ptree_fanotify_marks_find() - when the twin has its mounts: where the marked things are for it. As above. */
int ptree_fanotify_marks_find(struct ptree_fanotify_marks *marks, const struct ptree_op *op, const struct ptree_member *member);

/* ptree_fanotify_marks_add() - to the group @fd, seen by nobody who watches. As above. */
int ptree_fanotify_marks_add(struct ptree_fanotify_marks *marks, int fd);

/* "mount 34 (/home)", the mark that was looked at last. Returns @buffer. */
const char *ptree_fanotify_marks_describe(const struct ptree_fanotify_marks *marks, char *buffer, size_t size);

void ptree_fanotify_marks_free(struct ptree_fanotify_marks *marks);

#endif
