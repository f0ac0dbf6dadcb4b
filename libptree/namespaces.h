/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Namespaces of the clone's own: its mount namespace, unless --share=mnt, and what --private= names. Each is made while
 * the clone is prepared, owned by whom the source's is owned by, and set up like the source's; one file per kind in
 * namespaces/. A process that is in all of them, the donor, hands them to the kernel module, whose CLONE lets the twins
 * of those members be born in them that are in the root's. They last as long as somebody is in them or has them open:
 * with a failed op they go by themselves.
 */
#ifndef PTREE_NAMESPACES_H
#define PTREE_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "helper.h"
#include "namespaces/ipc-objects.h"
#include "policy.h"

struct ptree_copies;
struct ptree_file;
struct ptree_member;
struct ptree_op;
struct stat;

struct ptree_namespaces {
	int fds[_PTREE_NAMESPACE_MAX];	/* the clone's own; -1: it is in the source's */
	int root_fd;			/* O_PATH: "/" of the clone's mount namespace; -1: it has none of its own */
	struct ptree_helper donor;
	int donor_pidfd;
	int ipc_source_fd;		/* the source's IPC namespace, if the clone has one of its own */
	struct ptree_ipc_objects ipc;
	int mounts_fd;			/* the source's /proc/PID/mountinfo, from before its copy was made: it tells of changes */
	int shm_fd;			/* a /dev/shm of the clone's own, to be mounted; -1: it needs none */
	const struct ptree_copies *copies;	/* what is found there in the place of the source's directories; NULL: none */
	uint64_t *inner_procs;		/* mounts in the mount namespace that are a /proc of the root's, which is pid 1 in it */
	size_t nr_inner_procs;
};

#define PTREE_NAMESPACES_INIT \
	((struct ptree_namespaces){ .fds = { -1, -1, -1, -1 }, .root_fd = -1, .donor = PTREE_HELPER_INIT, .donor_pidfd = -1, .mounts_fd = -1, \
				    .ipc_source_fd = -1, .shm_fd = -1 })

/* ptree_namespaces_prepare() - make them and the donor; ptree-init must be there. -errno with op->error written. */
int ptree_namespaces_prepare(struct ptree_op *op);

/* PTREE_CLONE_* for those that were made. */
uint32_t ptree_namespaces_flags(const struct ptree_namespaces *n);

/* ptree_namespaces_capture() - what drifts once the source runs */
int ptree_namespaces_capture(struct ptree_op *op);

/* ptree_namespaces_settle() - what only can be done when the twins are there: for their directories, and their /proc */
int ptree_namespaces_settle(struct ptree_op *op);

/* Whether a member's twin is in the clone's own; not if that has none, or the member had another than the root. */
bool ptree_namespaces_has(const struct ptree_op *op, const struct ptree_member *m, enum ptree_namespace ns);

void ptree_namespaces_done(struct ptree_namespaces *n);

/* ptree_shm_is_private() - whether a file is one of /dev/shm, and the clone will have the names in there to itself */
bool ptree_shm_is_private(const struct ptree_op *op, const struct ptree_file *f);

/*
 * ptree_shm_name() - give the copy of such a file, made without a name in the clone's /dev/shm, all names that the original has
 * In the pause. A negative errno, without a sentence.
 */
int ptree_shm_name(const struct ptree_op *op, const struct stat *original, int copy_fd);

/*
 * ptree_namespaces_find() - where a path of the source's mount namespace leads to in the clone's
 * @original_fd: what it leads to in the source's; there is to be the same inode, its copy (copies.h), or for what is in /proc its like
 * Returns an O_PATH descriptor; -ENOENT: something else is there, or nothing.
 */
int ptree_namespaces_find(const struct ptree_namespaces *n, const char *path, int original_fd);

#endif
