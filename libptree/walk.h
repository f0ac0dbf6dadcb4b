/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps need of the walk beside the step itself, and its parts. */
#ifndef PTREE_WALK_H
#define PTREE_WALK_H

#include "op.h"
#include "proc.h"

/* Before anything is made: what can be said of the root alone. Fills op->root_number. */
int ptree_walk_refuse_root(struct ptree_op *op, struct ptree_proc_stat *ret);

/*
 * member.c: a member from its number: pidfd, /proc, and every reason to refuse it. 1: @ret is set; 0: there is no such
 * child of @parent any more (0: the root, whose parent does not matter); negative: refused, with a sentence.
 */
int ptree_member_new(struct ptree_op *op, pid_t pid, pid_t parent, struct ptree_member **ret);
struct ptree_member *ptree_member_free(struct ptree_member *m);

/* The process that owns the system bus; 0: unknown. */
pid_t ptree_member_bus_pid(void);

#endif
