/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What namespaces.c has of each kind of namespace. */
#ifndef PTREE_NAMESPACE_KINDS_H
#define PTREE_NAMESPACE_KINDS_H

#include "../op.h"

/*
 * Set the clone's new namespace up like the source's. -errno with op->error written.
 * @source_fd: of the source's namespace
 * @maker: a process in the new one, which is there for the time of the call
 */
typedef int ptree_namespace_setup(struct ptree_op *op, int source_fd, pid_t maker);

ptree_namespace_setup ptree_mnt_setup;
ptree_namespace_setup ptree_net_setup;
ptree_namespace_setup ptree_ipc_setup;

/* In the pause: whether what was mounted in the source's since came to the clone's too. */
int ptree_mnt_capture(struct ptree_op *op);

/* In the pause, and after the thaw. */
int ptree_ipc_capture(struct ptree_op *op);
int ptree_ipc_settle(struct ptree_op *op);

/* With the twins there, and the donor. */
int ptree_mnt_settle(struct ptree_op *op);

/* In the pause: a /dev/shm of the clone's own, if it needs one; after the thaw it is mounted. */
int ptree_shm_capture(struct ptree_op *op);
int ptree_shm_settle(struct ptree_op *op);

/* Root and working directories of the twins move to the clone's mount namespace. */
int ptree_directories_settle(struct ptree_op *op);

/* "prepare: cannot make the clone's mount namespace: @what: %m; --share=mnt does without"; returns @r */
int ptree_namespace_error(struct ptree_op *op, enum ptree_namespace ns, int r, const char *what);

#endif
