/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inodes that are watched, by inotify or fanotify: fdinfo tells the file handle of each. It is opened with O_PATH, which
 * those who watch it do not see, by way of a place where its file system is mounted.
 */
#ifndef PTREE_SETTLE_WATCHED_H
#define PTREE_SETTLE_WATCHED_H

#include <fcntl.h>

#include "../files.h"

#define PTREE_HANDLE_MAX 128	/* MAX_HANDLE_SZ */

struct ptree_watched {
	uint64_t ino;
	uint64_t dev;			/* of the file system */
	const struct ptree_file *open;	/* a file of the tree with that inode, or NULL */
	union {
		struct file_handle handle;	/* handle_bytes 0: the kernel did not tell */
		char room[sizeof(struct file_handle) + PTREE_HANDLE_MAX];
	} h;
};

/* Where the file systems that are of interest are mounted, as one process of the clone sees it. */
struct ptree_ways {
	pid_t twin;
	const struct ptree_copies *copies;	/* of the clone's own */
	uint64_t *devs;			/* the file systems */
	size_t nr_devs;
	struct ptree_way *ways;
	size_t nr;
};

/* ptree_watched_dev() - a device as fdinfo tells it ("sdev:fd00001"), in the form of stat() */
uint64_t ptree_watched_dev(uint64_t sdev);

/*
 * ptree_watched_parse() - "ino:2b67 sdev:fd00001 … fhandle-bytes:8 fhandle-type:1 f_handle:672b…", fields of a line of fdinfo
 * -EBADMSG; -ENOENT: there is no inode; -ERANGE.
 */
int ptree_watched_parse(const char *line, struct ptree_watched *ret);

/* ptree_ways_want() - a file system is of interest. -ENOMEM. */
int ptree_ways_want(struct ptree_ways *ways, uint64_t dev);

/* ptree_ways_find() - look where they are mounted, and not hidden below others */
int ptree_ways_find(struct ptree_ways *ways, const struct ptree_copies *copies, pid_t twin);

/* ptree_ways_open() - O_PATH descriptor of the first of a file system's places. -ESTALE: there is none. */
int ptree_ways_open(const struct ptree_ways *ways, uint64_t dev);

/*
 * ptree_watched_open() - in a child (aside.h), whose working directory it changes: O_PATH descriptor of a watched inode, or of its
 * copy where the clone has one
 * -ESTALE: it is found nowhere.
 */
int ptree_watched_open(const struct ptree_ways *ways, const struct ptree_watched *w);

void ptree_ways_done(struct ptree_ways *ways);

#endif
