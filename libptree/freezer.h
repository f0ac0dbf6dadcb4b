/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What freezes the source: which cgroups, and how members get under them. When it is done is freeze.c's. */
#ifndef PTREE_FREEZER_H
#define PTREE_FREEZER_H

#include "op.h"

/* If the tree fills a cgroup exactly, that is the freezer; else there is none yet and ptree_freezer_cover() makes them. */
int ptree_freezer_plan(struct ptree_op *op);

/*
 * Everybody who is alive comes under a freezer: who is not, is moved into ptree.freeze-ID below his own cgroup, which is
 * frozen at once if the pause has begun. Returns how many were moved.
 */
int ptree_freezer_cover(struct ptree_op *op);

int ptree_freezer_write(struct ptree_op *op, bool freeze);

/* Until all are frozen; -ETIMEDOUT without a sentence. */
int ptree_freezer_wait(struct ptree_op *op, uint64_t timeout_usec);

/* Members go home, what was made is removed. */
void ptree_freezer_done(struct ptree_op *op);

#endif
