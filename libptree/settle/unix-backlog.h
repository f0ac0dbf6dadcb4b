/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections of the tree that wait at a listener of the tree. */
#ifndef PTREE_UNIX_BACKLOG_H
#define PTREE_UNIX_BACKLOG_H

#include "unix-state.h"

/*
 * ptree_unix_backlog_judge() - whether sockets of the tree wait to be accepted by @f, a listener
 * 1: so it is; the clone has a listener of its own for them, and the connections anew. 0: nobody of the tree does.
 * -errno with the error written.
 */
int ptree_unix_backlog_judge(struct ptree_op *op, struct ptree_file *f);

#endif
