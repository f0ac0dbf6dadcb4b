/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ptree_fork() without ptreed: direct-fork.c is its caller's side, ptree-fork.c the process outside of the tree. */
#ifndef PTREE_DIRECT_FORK_H
#define PTREE_DIRECT_FORK_H

#include "../backend.h"

int ptree_direct_fork(struct ptree *p, const struct ptree_clone_options *options, uint64_t *ret_id);

/* direct.c: the clone that a process asked for of itself, made by another one that is outside of its tree. */
int ptree_direct_clone_asker(int pidfd, const struct ptree_clone_options *options, uint64_t *ret_id, struct ptree_error *e);

/* Where ptree-fork is: PTREE_FORK in the environment (of root) or the installed one. */
const char *ptree_fork_path(void);

#endif
