/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a mount namespace, as /proc/PID/mountinfo lists them. */
#ifndef PTREE_MOUNTS_H
#define PTREE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ptree_mount {
	uint64_t id, parent;
	dev_t dev;
	const char *root;	/* what of the file system is mounted */
	const char *point;	/* where */
	const char *options;	/* of the mount: "rw,nosuid" */
	const char *type;
	const char *source;
	const char *super;	/* options of the file system */
	bool shared;		/* mounts below it appear elsewhere too */
};

struct ptree_mounts {
	struct ptree_mount *mounts;	/* parents before what is mounted on them */
	size_t nr;
	char *text;			/* which they point into */
};

/* ptree_mounts_parse() - of a malloc'ed text, which is theirs from now on. -EBADMSG; -ENOMEM. */
int ptree_mounts_parse(struct ptree_mounts *m, char *text);

int ptree_mounts_read(struct ptree_mounts *m, pid_t pid);
void ptree_mounts_done(struct ptree_mounts *m);

/* ptree_mount_attributes() - MOUNT_ATTR_* of a mount's own options */
uint64_t ptree_mount_attributes(const char *options);

/*
 * ptree_mount_open() - O_PATH descriptor of what the mount shows, if its place is where its path leads to
 * @root_fd: of the namespace's "/"
 * -ENOENT: something is mounted over it.
 */
int ptree_mount_open(int root_fd, const struct ptree_mount *m);

#endif
